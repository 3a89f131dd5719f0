"""Kernels for GPUs that put pixels elsewhere, or look at their neighbours, against NumPy's."""

import numpy as np
import pytest
from against_numpy import SIDES, agree, maps, normal, to_gpu

from nnlite.kernels import on_cupy, on_numpy

DTYPES = 'float64', 'float32', 'float16'


def sizes(rng, sides, least=1, most=7):
    """Return the shape of maps of so many sides."""
    return tuple(map(int, (rng.integers(1, 4), rng.choice([1, 3, 4, 8]), *rng.integers(least, most, sides))))


@SIDES
@pytest.mark.parametrize('seed', range(9))
def test_fractional_max_pooling(cupy, seed, sides):
    rng, dtype = np.random.default_rng(seed), DTYPES[seed % 3]
    kernel = tuple(map(int, rng.integers(2, 4, sides)))
    out = sizes(rng, sides)
    space = [count + width + rng.integers(9) for count, width in zip(out[2:], kernel, strict=True)]
    shape = (*out[:2], *map(int, space))
    input, output, indices = normal(rng, shape, dtype), maps(out, dtype), maps(out, 'int64')
    input[:, 0, ::2] = -np.inf
    samples = rng.random((*out[:2], sides)).astype(dtype)
    if dtype == 'float16':  # in whose precision windows begin: NumPy is to compute in it
        arrays = [to_gpu(cupy, array) for array in (input, output, indices, samples)]
        on_cupy.FractionalMaxPooling_updateOutput(*arrays, kernel)
        on_numpy.FractionalMaxPooling_updateOutput(input, output, indices, samples, kernel)
        np.testing.assert_array_equal(arrays[2].get(), indices)
        places = indices
    else:
        _, places = agree(cupy, 'FractionalMaxPooling_updateOutput', [input, output, indices, samples], [1, 2], kernel)
    gradOutput, gradInput = normal(rng, out, dtype), maps(shape, dtype)
    agree(cupy, 'FractionalMaxPooling_updateGradInput', [gradOutput, places, gradInput], [2], kernel)


@SIDES
@pytest.mark.parametrize('seed', range(6))
def test_max_unpooling(cupy, seed, sides):
    rng, dtype = np.random.default_rng(seed), DTYPES[seed % 3]
    stride = tuple(map(int, rng.integers(1, 4, sides)))
    padding = tuple(int(rng.integers(step // 2 + 1)) for step in stride)
    shape = sizes(rng, sides, 3, 9)
    out = (
        *shape[:2],
        *((size + 2 * pad - step) // step + 1 for size, pad, step in zip(shape[2:], padding, stride, strict=True)),
    )
    indices, windows = maps(out, 'int64'), (stride, stride, padding, [1] * sides)
    (places,) = agree(cupy, 'MaxPooling_updateOutput', [normal(rng, shape), maps(out), indices], [2], *windows)
    small, large = normal(rng, out, dtype), normal(rng, shape, dtype)
    agree(cupy, 'MaxUnpooling_updateOutput', [small, maps(shape, dtype), places], [1], stride, padding)
    agree(cupy, 'MaxUnpooling_updateGradInput', [large, maps(out, dtype), places], [1], stride, padding)


def test_unpooling_of_windows_of_nothing(cupy):
    for shape, nothing in (((1, 1, 2), -1), ((1, 1, 2, 2), 0), ((1, 1, 2, 2, 2), 0xFFFFFF)):
        sides = len(shape) - 2
        ones, indices = np.ones(shape), np.full(shape, nothing)
        output, gradInput = to_gpu(cupy, maps((1, 1, *[4] * sides))), to_gpu(cupy, maps(shape))
        notes, options = cupy.asarray(indices), ((2,) * sides, (0,) * sides)
        on_cupy.MaxUnpooling_updateOutput(cupy.asarray(ones), output, notes, *options)
        on_cupy.MaxUnpooling_updateGradInput(output, gradInput, notes, *options)
        assert not output.get().any() and not gradInput.get().any()


@SIDES
@pytest.mark.parametrize('seed', range(6))
def test_upsampling(cupy, seed, sides):
    rng, dtype = np.random.default_rng(seed), DTYPES[seed % 3]
    shape, scale = sizes(rng, sides, 1, 5), int(rng.integers(1, 4))
    out = *shape[:2], *(size * scale for size in shape[2:])
    agree(cupy, 'UpSamplingNearest_updateOutput', [normal(rng, shape, dtype), maps(out, dtype)], [1], scale)
    agree(cupy, 'UpSamplingNearest_updateGradInput', [normal(rng, out, dtype), maps(shape, dtype)], [1], scale)
    if seed % 2:
        out = *shape[:2], *map(int, rng.integers(1, 12, sides))  # larger or smaller
    agree(cupy, 'UpSamplingLinear_updateOutput', [normal(rng, shape, dtype), maps(out, dtype)], [1])
    agree(cupy, 'UpSamplingLinear_updateGradInput', [normal(rng, out, dtype), maps(shape, dtype)], [1])


@SIDES
@pytest.mark.parametrize('border', ['zero', 'replication', 'reflection'])
@pytest.mark.parametrize('seed', range(4))
def test_padding(cupy, seed, border, sides):
    rng, dtype = np.random.default_rng(seed), DTYPES[seed % 3]
    shape = sizes(rng, sides)
    pads = []
    for size in shape[2:]:
        most = size if border == 'reflection' else 5
        front, behind = rng.integers(-((size - 1) // 2), most, 2)
        pads.append((int(front), int(behind)))
    out = *shape[:2], *(size + sum(pad) for size, pad in zip(shape[2:], pads, strict=True))
    agree(cupy, 'BorderPadding_updateOutput', [normal(rng, shape, dtype), maps(out, dtype)], [1], pads, border)
    agree(cupy, 'BorderPadding_updateGradInput', [normal(rng, out, dtype), maps(shape, dtype)], [1], pads, border)


@pytest.mark.parametrize('planes', [1, 2, 7])
@pytest.mark.parametrize('dtype', DTYPES)
def test_response_normalization(cupy, dtype, planes):
    rng, constants = np.random.default_rng(planes), (5, 0.9, 0.75)
    input, output, gradOutput, gradInput, scale = (normal(rng, (2, planes, 3, 2), dtype) for _ in range(5))
    given = [input, output, scale]
    given[1:] = agree(cupy, 'SpatialCrossMapLRN_updateOutput', given, [1, 2], *constants, 1)
    given = [input, *(array.astype(dtype) for array in (given[1], gradOutput, given[2])), gradInput]
    agree(cupy, 'SpatialCrossMapLRN_updateGradInput', given, [4], *constants)
