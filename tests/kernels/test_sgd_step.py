"""The step of stochastic gradient descent in one pass gives the bits of Torch's passes, in each family."""

import numpy as np
import pytest

import nnlite
from nnlite import optim
from nnlite.kernels import family

pytestmark = pytest.mark.usefixtures('kernels')


def in_torchs_order(x, dfdx, velocity, rate, momentum, dampening, nesterov, weightDecay):
    """Return what x and velocity become, each of Torch's lines rounded by itself."""
    if weightDecay != 0:
        dfdx = dfdx + weightDecay * x
    velocity = momentum * velocity + (1 - dampening) * dfdx
    return x - rate * (dfdx + momentum * velocity if nesterov else velocity), velocity


@pytest.mark.parametrize('dtype', ['float16', 'float32', 'float64'])
@pytest.mark.parametrize(
    'options',
    [(0.9, 0.9, False, 0), (0.9, 0, True, 1e-4), (0.5, 0.25, False, 0.01)],
    ids=['plain', 'nesterov', 'decay'],
)
@pytest.mark.parametrize('shape', [(1,), (37,), (70_001,), (30, 40), (0,)])
def test_step_rounds_as_torchs_lines(shape, options, dtype):
    rng, before = np.random.default_rng(1), nnlite.getnumthreads()
    x, dfdx, velocity = (rng.standard_normal(shape).astype(dtype) for _ in range(3))
    expected = in_torchs_order(x, dfdx, velocity, 0.1, *options)
    for threads in (1, 3):
        stepped = x.copy(), velocity.copy()
        nnlite.setnumthreads(threads)
        family().SGD_step(stepped[0], dfdx.copy(), stepped[1], 0.1, *options)
        nnlite.setnumthreads(before)
        for mine, other in zip(stepped, expected, strict=True):
            np.testing.assert_array_equal(mine, other)


def test_arrays_may_lie_anyhow():
    rng, options = np.random.default_rng(2), (0.1, 0.9, 0, True, 1e-4)
    x, dfdx, velocity = rng.standard_normal((3, 60, 50), np.float32)
    expected = in_torchs_order(x[::2], dfdx[::2], velocity[::2], *options)
    arrays = x[::2], dfdx[::2].T.copy().T, velocity[::2].copy()
    family().SGD_step(*arrays, *options)
    np.testing.assert_array_equal(arrays[0], expected[0])
    np.testing.assert_array_equal(arrays[2], expected[1])


def test_one_rate_for_each_parameter_takes_the_same_steps():
    """Those are taken in one pass after the other."""
    config = {'learningRate': 0.1, 'momentum': 0.9, 'weightDecay': 0.01}
    one, many = np.ones((2, 100))
    states = {}, {}
    for step in range(4):
        gradient = np.random.default_rng(step).standard_normal(100)
        optim.sgd(lambda x, g=gradient: (0, g.copy()), one, config, states[0])
        optim.sgd(lambda x, g=gradient: (0, g.copy()), many, {**config, 'learningRates': np.ones(100)}, states[1])
    np.testing.assert_array_equal(one, many)
