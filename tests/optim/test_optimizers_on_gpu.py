"""The optimizers on a GPU, or on NumPy in its place: the steps are those that are taken on the host."""

import numpy as np
import pytest
from problems import rosenbrock

import nnlite
from nnlite import optim
from nnlite.tensor.devices import is_array, is_on_gpu, to_host

pytestmark = pytest.mark.gpu

OPTIONS = {
    'adadelta': {},
    'adagrad': {'learningRate': 0.1},
    'adam': {'learningRate': 0.1},
    'adamax': {'learningRate': 0.1},
    'asgd': {'t0': 2},
    'cg': {},
    'cmaes': {'sigma': 1, 'maxEval': 100},
    'de': {'scaleFactor': 0.5, 'crossoverRate': 0.5, 'maxFEs': 100},
    'lbfgs': {'maxIter': 5},
    'lbfgs with lswolfe': {'maxIter': 5, 'lineSearch': optim.lswolfe},
    'nag': {'momentum': 0.9},
    'rmsprop': {'learningRate': 0.1},
    'rprop': {'niter': 3},
    'sgd': {'momentum': 0.9, 'weightDecay': 1e-2},
    'sgd with nesterov': {'momentum': 0.9, 'dampening': 0, 'nesterov': True},
    'sgd with numbers for each': {'learningRates': [1, 2, 3, 4], 'weightDecays': np.full(4, 0.1), 'momentum': 0.5},
}
START = np.array([-1.2, 1, 0.5, -0.3])


def arrays_in(state):
    parts = [part for value in state.values() for part in (value if isinstance(value, list) else [value])]
    return [part for part in parts if is_array(part) and np.shape(part)[-1:] == START.shape]


@pytest.mark.parametrize('name', OPTIONS)
def test_steps_are_those_on_the_host(name, cupy):
    nnlite.manualSeed(1)
    expected = _steps(name, START.copy())
    nnlite.manualSeed(1)
    state = {}
    result = _steps(name, cupy.asarray(START), state)
    assert is_on_gpu(result[0]) and all(map(is_on_gpu, arrays_in(state)))
    close = 1e-5 if name == 'cg' else 1e-9  # its line searches part where a loss differs in its last digit
    np.testing.assert_allclose(to_host(result[0]), expected[0], rtol=close)
    np.testing.assert_allclose(result[1], expected[1], rtol=close)


def _steps(name, x, state=None):
    """Return what x, or the best point, becomes in a few calls, and the losses on the way."""
    state, losses = {} if state is None else state, []
    for _ in range(3):
        best, seen, *_ = getattr(optim, name.partition(' ')[0])(rosenbrock, x, dict(OPTIONS[name]), state)
        losses += map(float, seen)
    return best, losses


def test_fista(cupy):
    def run(x):
        f = lambda x, mode=None: (float(x @ x), 2 * (x - 1)) if mode else float((x - 1) @ (x - 1))  # noqa: E731
        return optim.FistaLS(f, lambda x: 0.1 * float(abs(x).sum()), lambda x, L: None, x, {'maxiter': 5})[0]

    np.testing.assert_allclose(to_host(run(cupy.asarray(START))), run(START.copy()), rtol=1e-12)


def test_checkgrad(cupy):
    difference, gradient, estimate = optim.checkgrad(rosenbrock, cupy.asarray(START))
    assert difference < 1e-6 and is_on_gpu(gradient) and is_on_gpu(estimate)


def test_what_a_file_brought_goes_where_the_parameters_are(cupy):
    state, x = {'momentum': 0.9}, START.copy()
    for _ in range(2):
        optim.sgd(rosenbrock, x, state)
    there = cupy.asarray(x)
    moved = dict(state)
    optim.sgd(rosenbrock, there, moved)
    optim.sgd(rosenbrock, x, state)
    assert is_on_gpu(moved['dfdx'])
    np.testing.assert_allclose(to_host(there), x, rtol=1e-12)


def test_gradient_in_the_wrong_place_is_refused(cupy):
    with pytest.raises(nnlite.DeviceError, match=r'in df/dx\n.*on a GPU, got one on the host\n.*cupy\.asarray'):
        optim.sgd(lambda x: (0, START), cupy.asarray(START))
    with pytest.raises(nnlite.DeviceError, match=r'in df/dx\n.*on the host, got one on a GPU\n.*cupy\.asnumpy'):
        optim.sgd(lambda x: (0, cupy.asarray(START)), START.copy())
