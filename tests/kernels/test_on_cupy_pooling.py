"""Pooling by kernels for GPUs, against NumPy's, over windows of every kind and one to three sides."""

import numpy as np
import pytest
from against_numpy import SIDES, agree, maps, normal

from nnlite.kernels.on_cupy import maps as over_maps


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
    pooled, places = agree(cupy, 'MaxPooling_updateOutput', [input, output, indices], [1, 2], *geometry)
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


@pytest.mark.parametrize('seed', range(12))
@pytest.mark.parametrize('what', ['Max', 'Average'])
def test_adaptive_pooling(cupy, what, seed):
    rng = np.random.default_rng(seed)
    dtype = ['float64', 'float32', 'float16', 'float64'][seed % 4]
    shape = tuple(map(int, (rng.integers(1, 4), rng.choice([1, 3, 4, 8]), *rng.integers(1, 22, 2))))
    out = *shape[:2], *map(int, rng.integers(1, 9, 2))
    if seed == 3:  # where single precision makes some of THNN's windows longer
        shape, out = (2, 4, 21, 14), (2, 4, 7, 7)
    input, output = normal(rng, shape, dtype), maps(out, dtype)
    gradOutput, gradInput = normal(rng, out, dtype), maps(shape, dtype)
    if what == 'Average':
        agree(cupy, 'AdaptiveAveragePooling_updateOutput', [input, output], [1])
        agree(cupy, 'AdaptiveAveragePooling_updateGradInput', [gradOutput, gradInput], [1])
        return
    input[:, 0] = np.where(rng.integers(2, size=shape[2:]), -np.inf, np.nan)
    indices = np.full((2, *out), 99)
    _, places = agree(cupy, 'AdaptiveMaxPooling_updateOutput', [input, output, indices], [1, 2])
    agree(cupy, 'AdaptiveMaxPooling_updateGradInput', [gradOutput, places, gradInput], [2])


def test_more_images_than_a_grid_takes(cupy, monkeypatch):
    monkeypatch.setattr(over_maps, 'IMAGES', 2)
    rng, geometry = np.random.default_rng(0), ((3, 2), (2, 1), (1, 0))
    shape, out = (5, 4, 7, 5), (5, 4, 4, 4)
    agree(cupy, 'AveragePooling_updateOutput', [normal(rng, shape), maps(out)], [1], *geometry, False)
    agree(cupy, 'AveragePooling_updateGradInput', [normal(rng, out), maps(shape)], [1], *geometry, False)
    indices = maps(out, 'int64')
    _, places = agree(
        cupy, 'MaxPooling_updateOutput', [normal(rng, shape), maps(out), indices], [1, 2], *geometry, (1, 1)
    )
    agree(cupy, 'MaxPooling_updateGradInput', [normal(rng, out), places, maps(shape)], [2], *geometry, (1, 1))


def test_division_by_a_product():
    rng = np.random.default_rng(0)
    for divisor in (1, 2, 3, 7, 2**16 + 1, 2**31 - 1, *rng.integers(1, 2**31, 200).tolist()):
        by, factor, shift = over_maps.divisor(divisor)
        assert by == divisor and factor < 2**32
        for number in (0, 2**31 - 1, divisor - 1, divisor, *rng.integers(0, 2**31, 50).tolist()):
            assert (number * factor >> 32) + number >> shift == number // divisor
