"""SoftMax and LogSoftMax by CUDA's kernels against NumPy's in float64."""

import numpy as np
import pytest

from nnlite.kernels import on_cupy, on_numpy

BOUNDS = {'float64': 1e-13, 'float32': 2e-6, 'float16': 4e-3}
SHAPES = [(1, 1), (5, 10), (3, 33), (2, 1000), (2, 5, 4, 3), (3, 1, 2), (1, 70, 2, 2)]


def drawn(shape, dtype, seed):
    return (3 * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


def on_gpu(cupy, host, channels_last=False):
    if channels_last:
        return np.moveaxis(cupy.asarray(np.moveaxis(host, 1, -1).copy()), -1, 1)
    return cupy.asarray(host)


@pytest.mark.parametrize('name', ['SoftMax', 'LogSoftMax'])
@pytest.mark.parametrize('dtype', BOUNDS)
@pytest.mark.parametrize('channels_last', [False, True], ids=['plain', 'channels-last'])
@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_along_every_axis(cupy, order, shape, channels_last, dtype, name):
    forward, back = (f'{name}_{way}' for way in ('updateOutput', 'updateGradInput'))
    input, gradOutput = drawn(shape, dtype, 1), drawn(shape, dtype, 2)
    for axis in range(len(shape)):
        output, gradInput = np.empty(shape), np.empty(shape)
        getattr(on_numpy, forward)(input.astype(float), output, axis)
        getattr(on_numpy, back)(output, gradOutput.astype(float), gradInput, axis)
        mine, gradient = (on_gpu(cupy, np.full(shape, np.nan, dtype), channels_last) for _ in range(2))
        getattr(on_cupy, forward)(on_gpu(cupy, input), mine, axis)
        getattr(on_cupy, back)(mine, on_gpu(cupy, gradOutput), gradient, axis)
        np.testing.assert_allclose(mine.get(), output, rtol=BOUNDS[dtype], atol=BOUNDS[dtype])
        bound = BOUNDS[dtype] * max(1, abs(gradOutput.astype(float)).sum(axis).max())
        np.testing.assert_allclose(gradient.get(), gradInput, atol=bound)


@pytest.mark.parametrize('axis', [0, 1])
def test_in_place_and_large(cupy, axis):
    host = 1e4 * drawn((40, 50), np.float32, 1)
    array, expected = cupy.asarray(host), np.empty(host.shape)
    on_cupy.SoftMax_updateOutput(array, array, axis)
    on_numpy.SoftMax_updateOutput(host.astype(float), expected, axis)
    np.testing.assert_allclose(array.get(), expected, atol=1e-6)


def test_result_with_gaps(cupy):
    host = drawn((4, 6), np.float32, 1)
    whole, expected = cupy.zeros((4, 12), np.float32), np.empty((4, 6), np.float32)
    on_cupy.LogSoftMax_updateOutput(cupy.asarray(host), whole[:, ::2], 1)
    on_numpy.LogSoftMax_updateOutput(host, expected, 1)
    np.testing.assert_allclose(whole[:, ::2].get(), expected, rtol=1e-6)
    assert not whole[:, 1::2].get().any()


@pytest.mark.parametrize('axis', [0, 1])
@pytest.mark.parametrize('wrong', [np.nan, np.inf])
def test_what_is_no_number_spoils_its_own_classes(cupy, axis, wrong):
    host = drawn((3, 3), np.float32, 1)
    host[1, 1] = wrong
    output = cupy.empty((3, 3), np.float32)
    on_cupy.SoftMax_updateOutput(cupy.asarray(host), output, axis)
    spoilt = np.isnan(np.moveaxis(output.get(), axis, 1))
    assert spoilt[1].all() and not spoilt[[0, 2]].any()
