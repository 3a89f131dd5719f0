"""optim.sgd against PyTorch's steps, and in the memory it may take."""

import re
import tracemalloc

import numpy as np
import pytest

import nnlite
from nnlite import optim

OPTIONS = [
    {},
    {'momentum': 0.9},
    {'momentum': 0.9, 'dampening': 0, 'weightDecay': 1e-2},
    {'momentum': 0.5, 'dampening': 0.25},
    {'momentum': 0.9, 'dampening': 0, 'nesterov': True, 'weightDecay': 1e-2},
]


@pytest.mark.parametrize('dtype, tolerance', (('float32', 1e-6), ('float64', 1e-14)))
@pytest.mark.parametrize('options', OPTIONS, ids=str)
def test_pytorch_steps_alike(options, dtype, tolerance):
    torch = pytest.importorskip('torch')
    random = np.random.default_rng(1)
    x, gradients = random.normal(size=10_001).astype(dtype), random.normal(size=(8, 10_001)).astype(dtype)
    twin = torch.tensor(x, requires_grad=True)
    renamed = {'weightDecay': 'weight_decay'}
    theirs = torch.optim.SGD(
        [twin], lr=0.1, **{'dampening': options.get('momentum', 0)} | {renamed.get(k, k): v for k, v in options.items()}
    )
    state = {}
    for gradient in gradients:
        twin.grad = torch.tensor(gradient)
        theirs.step()
        optim.sgd(lambda x, g=gradient: (0, g.copy()), x, {'learningRate': 0.1, **options}, state)
    np.testing.assert_allclose(x, twin.detach().numpy(), rtol=tolerance, atol=tolerance)


def test_what_is_none_is_the_default_and_zero_is_not():
    x = np.array([1.0])
    optim.sgd(lambda x: (0, np.array([1.0])), x, {'learningRate': None, 'momentum': None, 'weightDecays': None})
    assert x == 1 - 1e-3
    optim.sgd(lambda x: (0, np.array([1.0])), x, {'learningRate': 0})
    assert x == 1 - 1e-3


def test_a_matrix_of_any_strides_is_changed_in_place():
    x = np.ones((50, 70), np.float32)
    optim.sgd(lambda x: (0, np.arange(1750, dtype=np.float32).reshape(25, 70)), x[::2], {'learningRate': 1})
    np.testing.assert_array_equal(x[::2].ravel(), 1 - np.arange(1750))
    np.testing.assert_array_equal(x[1::2], 1)


FULL = {'momentum': 0.9, 'dampening': 0, 'nesterov': True, 'weightDecay': 1e-4}
SINGLE = {'momentum': 0.9, 'weightDecays': 1, 'learningRates': 1}


@pytest.mark.parametrize('options', (FULL, SINGLE), ids=('one for all', 'one for each'))
@pytest.mark.parametrize('dtype', ('float32', 'float64'))
def test_a_warm_step_takes_no_memory(options, dtype):
    x, gradient = np.ones(200_000, dtype), np.ones(200_000, dtype)
    config = {k: np.ones(200_000) if k.endswith('s') else v for k, v in options.items()}
    state = {}

    def step():
        optim.sgd(lambda x: (0, gradient), x, config, state)

    step()
    tracemalloc.start()
    try:
        step()
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        step()
        taken = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert taken < 2**16


def one(x):
    return 0, np.ones(2)


@pytest.mark.parametrize(
    'error, message, call',
    [
        (nnlite.Error, 'with nesterov, got 0.9 and 0.9', lambda x: (one, x, {'nesterov': True, 'momentum': 0.9})),
        (nnlite.Error, 'momentum above 0', lambda x: (one, x, {'nesterov': True})),
        (nnlite.Error, r'state\n.*expected a dict, got list\n.*\[\]', lambda x: (one, x, {}, [])),
        (nnlite.Error, 'config\n.*expected a dict, got float', lambda x: (one, x, 0.1)),
        (nnlite.DtypeError, 'floating type, got list', lambda x: (one, [1.0, 2.0], {})),
        (nnlite.DtypeError, 'floating type, got int64', lambda x: (one, np.ones(2, int), {})),
        (nnlite.DtypeError, 'df/dx\n.*got float', lambda x: (lambda x: (0, 1.0), x)),
        (nnlite.DtypeError, 'df/dx\n.*float64, got float32', lambda x: (lambda x: (0, np.ones(2, 'f')), x)),
        (nnlite.ShapeError, r'df/dx\n.*\(2,\), got \(3,\)', lambda x: (lambda x: (0, np.ones(3)), x)),
        (nnlite.ShapeError, r"'dfdx'\]\n.*got \(3,\)", lambda x: (one, x, {'momentum': 0.9}, {'dfdx': np.ones(3)})),
        (nnlite.ShapeError, r'decayParameters\n.*got \(1,\)', lambda x: (one, x, {'weightDecays': np.ones(1)})),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_nothing_moves(error, message, call):
    x = np.array([1.0, 2.0])
    with pytest.raises(error) as caught:
        optim.sgd(*call(x))
    assert re.search(message, str(caught.value))
    np.testing.assert_array_equal(x, [1, 2])
