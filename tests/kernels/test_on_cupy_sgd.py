"""The step of stochastic gradient descent by CUDA's kernel: the bits of NumPy's."""

import numpy as np
import pytest

from nnlite.kernels import on_cupy, on_numpy

OPTIONS = [(0.9, 0.9, False, 0), (0.9, 0, True, 1e-4), (0.5, 0.25, False, 0.01)]
SHAPES = [(1,), (37,), (256,), (10_001,), (30, 40), (0,)]


def stepped(arrays, rate, options):
    x, dfdx, velocity = (array.copy() for array in arrays)
    on_numpy.SGD_step(x, dfdx, velocity, rate, *options)
    return x, velocity


def drawn(shape, dtype):
    return np.random.default_rng(1).standard_normal((3, *shape)).astype(dtype)


def expect_same(arrays, expected):
    for mine, other in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(mine.get(), other)


@pytest.mark.parametrize('dtype', ['float32', 'float64', 'float16'])
@pytest.mark.parametrize('options', OPTIONS, ids=['plain', 'nesterov', 'decay'])
@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_bits_are_numpys(cupy, shape, options, dtype):
    arrays = drawn(shape, dtype)
    x, dfdx, velocity = map(cupy.asarray, arrays)
    on_cupy.SGD_step(x, dfdx, velocity, 0.1, *options)
    expect_same((x, velocity), stepped(arrays, 0.1, options))


@pytest.mark.parametrize('dtype', ['float64', 'float32'])
@pytest.mark.parametrize('shape', [(), (1,)])
def test_rate_in_the_gpus_memory(cupy, dtype, shape):
    arrays, options = drawn((100,), np.float32), OPTIONS[1]
    x, dfdx, velocity = map(cupy.asarray, arrays)
    rate = cupy.full(shape, 0.25, dtype)
    on_cupy.SGD_step(x, dfdx, velocity, rate, *options)
    expected = stepped(arrays, 0.25, options)
    expect_same((x, velocity), expected)
    rate.fill(np.nan)  # no step
    on_cupy.SGD_step(x, dfdx, velocity, rate, *options)
    expect_same((x, velocity), expected)


def test_vectors_that_begin_anywhere(cupy):
    arrays, options = drawn((101,), np.float32), OPTIONS[1]
    x, dfdx, velocity = (cupy.asarray(np.append(array[:1], array))[1:] for array in arrays)
    on_cupy.SGD_step(x, dfdx, velocity, 0.1, *options)
    expect_same((x, velocity), stepped(arrays, 0.1, options))


@pytest.mark.parametrize('gaps', [1, 2])
def test_arrays_may_lie_anyhow(cupy, gaps):
    arrays, options = drawn((60, 50), np.float32), OPTIONS[1]
    x, dfdx, velocity = (cupy.asarray(array)[::gaps] for array in arrays)
    dfdx = dfdx.T.copy().T
    on_cupy.SGD_step(x, dfdx, velocity, 0.1, *options)
    expect_same((x, velocity), stepped([array[::gaps] for array in arrays], 0.1, options))
