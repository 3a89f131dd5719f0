"""Convolution on tensor cores, by warps and by warpgroups, against NumPy's in float64.

Numbers are rounded to half precision first, whose products both kinds of tensor cores compute exactly.
"""

import numpy as np
import pytest

from nnlite.kernels import on_numpy

# (N, planes, H, W), outputs, kernel, stride, padding, dilation
SMALL = [
    ((2, 8, 7, 9), 16, (3, 3), (1, 1), (1, 1), (1, 1)),
    ((1, 12, 11, 10), 68, (3, 3), (2, 2), (1, 1), (1, 1)),
    ((3, 3, 9, 6), 5, (3, 3), (1, 1), (1, 1), (1, 1)),
    ((2, 4, 9, 9), 8, (1, 1), (2, 2), (0, 0), (1, 1)),
    ((1, 5, 13, 12), 7, (5, 3), (3, 3), (2, 2), (1, 1)),
    ((2, 32, 8, 8), 16, (3, 3), (1, 1), (0, 0), (1, 1)),
    ((1, 16, 12, 13), 16, (3, 3), (2, 1), (2, 1), (2, 3)),
    ((1, 1, 1, 1), 1, (1, 1), (1, 1), (0, 0), (1, 1)),
    ((2, 64, 1, 7), 32, (1, 3), (1, 1), (0, 1), (1, 1)),
]
WIDE = [
    ((2, 64, 5, 6), 64, (3, 3), (1, 1), (1, 1), (1, 1)),
    ((1, 64, 9, 10), 128, (3, 3), (2, 2), (1, 1), (1, 1)),
    ((1, 128, 7, 5), 64, (1, 1), (2, 2), (0, 0), (1, 1)),
    ((1, 64, 8, 9), 64, (3, 3), (2, 1), (2, 1), (2, 3)),
]
BLOCKS = [
    ((2, 64, 8, 8), 64, (3, 3), (1, 1), (1, 1), (1, 1)),
    ((1, 128, 17, 9), 64, (3, 3), (1, 1), (1, 1), (1, 1)),
    ((3, 64, 5, 12), 128, (3, 3), (1, 1), (0, 2), (1, 1)),
]
FEW = [
    ((2, 16, 8, 8), 16, (3, 3), (1, 1), (1, 1), (1, 1)),
    ((1, 32, 17, 9), 16, (3, 3), (1, 1), (1, 1), (1, 1)),
    ((3, 16, 5, 12), 32, (3, 3), (1, 1), (0, 2), (1, 1)),
    ((5, 32, 3, 3), 32, (3, 3), (1, 1), (1, 1), (1, 1)),
]


def cases():
    """Yield (way, type, shape) for all that a way is for."""
    for shape in (*SMALL, *WIDE):
        planes = shape[0][1], shape[1]
        name = f'{"x".join(map(str, shape[0]))}-{shape[1]}'
        yield pytest.param('tensor_cores', np.float32, shape, id=f'tensor_cores-float-{name}')
        if all(count % 8 == 0 for count in planes):
            yield pytest.param('tensor_cores', np.float16, shape, id=f'tensor_cores-half-{name}')
    for shape in FEW:
        yield pytest.param('narrow', np.float32, shape, id=f'narrow-{"x".join(map(str, shape[0]))}-{shape[1]}')
    for way, shapes in (('warpgroups', WIDE), ('halo', BLOCKS)):
        for shape in shapes:
            for dtype, kind in ((np.float32, 'float'), (np.float16, 'half')):
                yield pytest.param(way, dtype, shape, id=f'{way}-{kind}-{"x".join(map(str, shape[0]))}-{shape[1]}')


@pytest.fixture
def setway(cupy, monkeypatch):
    """Send all convolutions one way, and say that the GPU is one for it where NumPy is in its place."""
    from nnlite.kernels.on_cupy import convolution, warpgroups

    def set_to(way):
        if way in ('warpgroups', 'halo') and not warpgroups.is_there():
            if cupy.__name__ == 'cupy':
                pytest.skip('this GPU has no products of warpgroups: it is not of compute capability 9.0')
            monkeypatch.setattr(warpgroups, 'is_there', lambda: True)
        convolution.setway(way)

    yield set_to
    convolution.setway(None)


def drawn(rng, shape, dtype):
    return rng.standard_normal(shape).astype(np.float16).astype(dtype)


def map_like(cupy, host):
    """Return a map on the GPU that lies channels-last."""
    return cupy.asarray(np.ascontiguousarray(np.moveaxis(host, 1, -1))).transpose(0, 3, 1, 2)


def assert_close(found, expected):
    # sums of exact products in float32, written in float16 at worst
    assert found.dtype in (np.float32, np.float16)
    tolerance = 2e-3 if found.dtype == np.float16 else 1e-5
    assert np.abs(found.astype(np.float64) - expected).max() <= tolerance * max(1e-3, np.abs(expected).max())


@pytest.mark.parametrize(('way', 'dtype', 'shape'), list(cases()))
@pytest.mark.usefixtures('order')
def test_three_passes(cupy, setway, way, dtype, shape):
    from nnlite.kernels import on_cupy
    from nnlite.kernels.on_cupy.convolution import WAYS
    from nnlite.kernels.on_cupy.geometry import Geometry

    setway(way)
    size, outputs, kernel, stride, padding, dilation = shape
    rng = np.random.default_rng(7)
    weight, bias = drawn(rng, (outputs, size[1], *kernel), np.float64), drawn(rng, outputs, np.float64)
    input = drawn(rng, size, np.float64)
    out = [
        (side + 2 * pad - gap * (k - 1) - 1) // step + 1
        for side, k, step, pad, gap in zip(size[2:], kernel, stride, padding, dilation, strict=True)
    ]
    geometry = Geometry.of(size, (size[0], outputs, *out), kernel, stride, padding, dilation)
    assert WAYS[way].takes(np.dtype(dtype), geometry)
    options = stride, padding, dilation
    expected = np.empty((size[0], *out, outputs)).transpose(0, 3, 1, 2)
    on_numpy.Convolution_updateOutput(input, expected, weight, bias, *options)
    grads = drawn(rng, expected.shape, np.float64)
    expected_grad = np.empty((size[0], *size[2:], size[1])).transpose(0, 3, 1, 2)
    on_numpy.Convolution_updateGradInput(grads, expected_grad, weight, *options)
    expected_weight = np.ones(weight.shape)
    on_numpy.Convolution_accGradParameters(input, grads, expected_weight, None, *options, 0.5)

    x, g = map_like(cupy, input.astype(dtype)), map_like(cupy, grads.astype(dtype))
    w, b = cupy.asarray(weight.astype(dtype)), cupy.asarray(bias.astype(dtype))
    output = map_like(cupy, np.full(expected.shape, np.nan, dtype))
    on_cupy.Convolution_updateOutput(x, output, w, b, *options)
    assert_close(output.get(), expected)
    gradInput = map_like(cupy, np.full(size, np.nan, dtype))
    on_cupy.Convolution_updateGradInput(g, gradInput, w, *options)
    assert_close(gradInput.get(), expected_grad)
    gradWeight = cupy.ones(weight.shape, dtype)
    on_cupy.Convolution_accGradParameters(x, g, gradWeight, None, *options, 0.5)
    assert_close(gradWeight.get(), expected_weight)
