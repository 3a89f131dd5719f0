"""Kernels for GPUs that move pixels about, against NumPy's on windows of every kind, over one to three sides."""

import numpy as np
import pytest

from nnlite.kernels import on_cupy, on_numpy
from nnlite.tensor.devices import to_host

CLOSE = {'float64': 1e-12, 'float32': 2e-5, 'float16': 2e-2}
SIDES = pytest.mark.parametrize('sides', [1, 2, 3])


def maps(shape, dtype='float64'):
    """Return maps (N, C, *space) that lie channels-last, of numbers that say if they are not overwritten."""
    batch, planes, *space = shape
    return np.moveaxis(np.full((batch, *space, planes), 99, dtype), -1, 1)


def normal(rng, shape, dtype='float64'):
    made = maps(shape, dtype)
    made[...] = rng.standard_normal(shape)
    return made


def both(cupy, name, arrays, results, *options):
    """Run a kernel on the host, in double precision, and on the GPU; return what it leaves in the results, of both."""
    exact = [array.astype('float64') if array is not None and array.dtype.kind == 'f' else array for array in arrays]
    ours = [array if array is None else cupy.asarray(array) for array in arrays]
    for kernels, given in ((on_numpy, exact), (on_cupy, ours)):
        with np.errstate(all='ignore'):
            getattr(kernels, name)(*given, *options)
    return [(exact[place], to_host(ours[place])) for place in results]


def agree(cupy, name, arrays, results, *options):
    """Say that both leave the same, but for rounding; whole numbers exactly."""
    for expected, found in both(cupy, name, arrays, results, *options):
        close = CLOSE.get(found.dtype.name, 0)
        largest = np.max(np.abs(expected), where=np.isfinite(expected), initial=1)
        np.testing.assert_allclose(found, expected, rtol=close, atol=close * largest)


def windows(rng, sides, dilated=False):
    """Return (input's shape, output's shape, kernel, stride, padding, dilation): any that leave a window on the map."""
    kernel, stride = rng.integers(1, 5, sides), rng.integers(1, 4, sides)
    padding, dilation = rng.integers(0, kernel // 2 + 1), rng.integers(1, 3 if dilated else 2, sides)
    reach = (kernel - 1) * dilation + 1
    size = rng.integers(np.maximum(reach - 2 * padding, 1), reach + 5)
    room = size + 2 * padding - reach
    out = room // stride + 1
    if rng.integers(2):
        out = np.minimum(-(-room // stride), (size + padding - 1) // stride) + 1  # the last one hangs over
    batch, planes = rng.integers(1, 4), rng.choice([1, 3, 4, 8, 12])
    geometry = (tuple(map(int, numbers)) for numbers in (kernel, stride, padding, dilation))
    return (batch, planes, *size), (batch, planes, *out), *geometry


@SIDES
@pytest.mark.parametrize('seed', range(8))
def test_max_pooling(cupy, seed, sides):
    rng = np.random.default_rng(seed)
    dtype = ['float64', 'float32', 'float16', 'float64'][seed % 4]
    shape, out, *geometry = windows(rng, sides, dilated=True)
    input = maps(shape, dtype)
    input[...] = rng.integers(-9, 10, shape) if seed % 2 else rng.standard_normal(shape)
    if seed > 5:
        input[:, 0], input[:, -1, ::2] = -np.inf, np.nan
    output, indices = maps(out, dtype), maps(out, 'int64')
    (pooled, _), (places, _) = both(cupy, 'MaxPooling_updateOutput', [input, output, indices], [1, 2], *geometry)
    agree(cupy, 'MaxPooling_updateOutput', [input, output, indices], [1, 2], *geometry)
    gradOutput, gradInput = normal(rng, out, dtype), maps(shape, dtype)
    gradOutput[np.isinf(pooled)] = np.inf  # which reaches no one
    agree(cupy, 'MaxPooling_updateGradInput', [gradOutput, places, gradInput], [2], *geometry)


@SIDES
@pytest.mark.parametrize('seed', range(8))
def test_average_pooling(cupy, seed, sides):
    rng = np.random.default_rng(seed)
    dtype = ['float64', 'float32', 'float16', 'float64'][seed % 4]
    shape, out, *geometry, _ = windows(rng, sides)
    geometry.append(seed % 3 > 0)
    agree(cupy, 'AveragePooling_updateOutput', [normal(rng, shape, dtype), maps(out, dtype)], [1], *geometry)
    agree(cupy, 'AveragePooling_updateGradInput', [normal(rng, out, dtype), maps(shape, dtype)], [1], *geometry)


@pytest.mark.parametrize('planes', [1, 6, 40, 160])
def test_mean_of_whole_maps(cupy, order, planes):
    rng = np.random.default_rng(planes)
    dtype = {1: 'float64', 40: 'float32'}.get(planes, 'float16')
    for space in ((7, 6), (1, 1), (3, 4, 2)):
        shape, out, geometry = (2, planes, *space), (2, planes, *[1] * len(space)), (space, space, [0] * len(space))
        agree(cupy, 'AveragePooling_updateOutput', [normal(rng, shape, dtype), maps(out, dtype)], [1], *geometry, True)
        agree(cupy, 'AveragePooling_updateGradInput', [normal(rng, out, dtype), maps(shape, dtype)], [1], *geometry, 1)


def test_maps_that_lie_otherwise(cupy):
    rng = np.random.default_rng(0)
    input, output = rng.standard_normal((2, 4, 6, 6)), maps((2, 4, 3, 3))
    agree(cupy, 'AveragePooling_updateOutput', [input, output], [1], (2, 2), (2, 2), (0, 0), True)
    apart = normal(rng, (2, 9, 6, 6))[:, 1:5]
    agree(cupy, 'AveragePooling_updateOutput', [apart, output], [1], (2, 2), (2, 2), (0, 0), True)
