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
MANY_BLOCKS = [
    ((2, 64, 8, 8), 64, (3, 3), (1, 1), (1, 1), (1, 1)),
    ((1, 64, 17, 9), 64, (3, 3), (1, 1), (1, 1), (1, 1)),
    ((3, 64, 19, 20), 64, (3, 3), (1, 1), (0, 2), (1, 1)),
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
    for shape in MANY_BLOCKS:
        yield pytest.param('resident', np.float32, shape, id=f'resident-{"x".join(map(str, shape[0]))}-{shape[1]}')
    for way, shapes in (('warpgroups', WIDE), ('halo', BLOCKS)):
        for shape in shapes:
            for dtype, kind in ((np.float32, 'float'), (np.float16, 'half')):
                yield pytest.param(way, dtype, shape, id=f'{way}-{kind}-{"x".join(map(str, shape[0]))}-{shape[1]}')


@pytest.fixture
def setway(cupy, monkeypatch):
    """Send all convolutions one way, and say that the GPU is one for it where NumPy is in its place."""
    from nnlite.kernels.on_cupy import convolution, halo, warpgroups

    def set_to(way):
        if way == 'resident':  # which is for many blocks of pixels, here of two multiprocessors
            way = 'halo'
            monkeypatch.setattr(halo, 'FEW', 1)
            monkeypatch.setattr(halo, 'multiprocessors', lambda: 2)
        if way in ('warpgroups', 'halo') and not warpgroups.is_there():
            if cupy.__name__ == 'cupy':
                pytest.skip('this GPU has no products of warpgroups: it is not of compute capability 9.0')
            monkeypatch.setattr(warpgroups, 'is_there', lambda: True)
        convolution.setway(way)

    yield set_to
    convolution.setway(None)


class Case:
    """A convolution in float64, as NumPy's kernels compute it, and its arrays in another type on the GPU."""

    def __init__(self, cupy, dtype, shape):
        self.cupy, self.dtype, self.rng = cupy, dtype, np.random.default_rng(7)
        self.size, self.outputs, self.kernel, *self.options = shape
        stride, padding, dilation = self.options
        out = [
            (side + 2 * pad - gap * (k - 1) - 1) // step + 1
            for side, k, step, pad, gap in zip(self.size[2:], self.kernel, stride, padding, dilation, strict=True)
        ]
        self.out = self.size[0], self.outputs, *out
        self.weight, self.bias = self.drawn(self.outputs, self.size[1], *self.kernel), self.drawn(self.outputs)
        self.input, self.grads = self.drawn(*self.size), self.drawn(*self.out)
        self.expected, self.expected_grad = self.empty(self.out), self.empty(self.size)
        on_numpy.Convolution_updateOutput(self.input, self.expected, self.weight, self.bias, *self.options)
        on_numpy.Convolution_updateGradInput(self.grads, self.expected_grad, self.weight, *self.options)

    def drawn(self, *shape):
        return self.rng.standard_normal(shape).astype(np.float16).astype(np.float64)

    def empty(self, shape):
        return np.moveaxis(np.full((shape[0], *shape[2:], shape[1]), np.nan), -1, 1)

    def there(self, host, first=0):
        """Return an array on the GPU; maps lie channels-last, and begin with a memory's number `first`."""
        host = host.astype(self.dtype)
        if host.ndim < 4 or host is self.weight:
            return self.cupy.asarray(host)
        rolled = np.moveaxis(host, 1, -1)
        memory = self.cupy.asarray(np.concatenate([np.zeros(first, self.dtype), rolled.ravel()]))
        return np.moveaxis(memory[first:].reshape(rolled.shape), -1, 1)

    def geometry(self):
        from nnlite.kernels.on_cupy.geometry import Geometry

        return Geometry.of(self.size, self.out, self.kernel, *self.options)


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

    setway(way)
    case = Case(cupy, dtype, shape)
    assert WAYS['halo' if way == 'resident' else way].takes(np.dtype(dtype), case.geometry())
    expected_weight = np.ones(case.weight.shape)
    on_numpy.Convolution_accGradParameters(case.input, case.grads, expected_weight, None, *case.options, 0.5)

    x, g, w, b = map(case.there, (case.input, case.grads, case.weight, case.bias))
    output, gradInput = case.there(case.empty(case.out)), case.there(case.empty(case.size))
    on_cupy.Convolution_updateOutput(x, output, w, b, *case.options)
    assert_close(output.get(), case.expected)
    on_cupy.Convolution_updateGradInput(g, gradInput, w, *case.options)
    assert_close(gradInput.get(), case.expected_grad)
    gradWeight = cupy.ones(w.shape, dtype)
    on_cupy.Convolution_accGradParameters(x, g, gradWeight, None, *case.options, 0.5)
    assert_close(gradWeight.get(), expected_weight)


@pytest.mark.parametrize(
    ('way', 'dtype', 'shape'),
    [
        ('tensor_cores', np.float32, SMALL[0]),
        ('tensor_cores', np.float16, SMALL[0]),
        ('warpgroups', np.float32, WIDE[1]),
        ('halo', np.float32, BLOCKS[0]),
        ('narrow', np.float32, FEW[0]),
    ],
)
@pytest.mark.parametrize('shifted', range(3))
def test_maps_that_begin_anywhere(cupy, setway, way, dtype, shape, shifted):
    """Whoever copies 16 bytes at a time is not for them."""
    from nnlite.kernels import on_cupy

    setway(way)
    case = Case(cupy, dtype, shape)
    first = [int(place == shifted) for place in range(3)]
    x, g, w = case.there(case.input, first[0]), case.there(case.grads, first[1]), case.there(case.weight)
    residual, added = case.drawn(*case.out), case.drawn(*case.size)
    output, gradInput = case.there(case.empty(case.out), first[1]), case.there(case.empty(case.size), first[0])
    expected = case.weight.copy()
    on_numpy.Convolution_accGradParameters(case.input, case.grads, expected, None, *case.options, 1)

    on_cupy.ConvolutionReLU_updateOutput(
        x, case.there(residual, first[2]), output, w, case.there(case.bias), *case.options
    )
    assert_close(output.get(), np.maximum(case.expected + residual, 0))
    on_cupy.ConvolutionAdd_updateGradInput(g, case.there(added, first[2]), gradInput, w, *case.options)
    assert_close(gradInput.get(), case.expected_grad + added)
    gradWeight = cupy.asarray(case.weight.astype(dtype))
    on_cupy.Convolution_accGradParameters(x, g, gradWeight, None, *case.options, 1)
    assert_close(gradWeight.get(), expected)


@pytest.mark.parametrize('kilobytes', [99, 163])  # of compute capability 8.6, 8.9 and 12.0; of 8.0
@pytest.mark.parametrize(
    ('way', 'dtype', 'shape'), [case for case in cases() if case.values[0] in ('tensor_cores', 'narrow')]
)
def test_gpus_with_less_shared_memory(cupy, setway, monkeypatch, kilobytes, way, dtype, shape):
    from nnlite.kernels import on_cupy

    if cupy.__name__ == 'cupy':
        pytest.skip('a GPU has what it has')
    monkeypatch.setattr(cupy.cuda.runtime, 'deviceGetAttribute', lambda attribute, device: kilobytes << 10)
    setway(way)
    case = Case(cupy, dtype, shape)
    x, g, w = map(case.there, (case.input, case.grads, case.weight))
    output, gradInput = case.there(case.empty(case.out)), case.there(case.empty(case.size))
    gradWeight = w.copy()
    expected = case.weight.copy()
    on_numpy.Convolution_accGradParameters(case.input, case.grads, expected, None, *case.options, 1)

    on_cupy.Convolution_updateOutput(x, output, w, None, *case.options)
    on_cupy.Convolution_updateGradInput(g, gradInput, w, *case.options)
    on_cupy.Convolution_accGradParameters(x, g, gradWeight, None, *case.options, 1)
    assert_close(gradInput.get(), case.expected_grad)
    assert_close(gradWeight.get(), expected)


OTHERS = [pytest.param(way, np.float32, shape, id=f'{way}-{number}')
          for way in ('im2col', 'fma') for number, shape in enumerate((SMALL[1], SMALL[2], WIDE[0]))]  # fmt: skip


@pytest.mark.parametrize(('way', 'dtype', 'shape'), [*cases(), *OTHERS])
def test_what_is_done_before_a_number_is_written(cupy, setway, way, dtype, shape):
    from nnlite.kernels import on_cupy

    setway(way)
    case = Case(cupy, dtype, shape)
    x, g, w, b = map(case.there, (case.input, case.grads, case.weight, case.bias))
    residual, added = case.drawn(*case.out), case.drawn(*case.size)
    output, gradInput = case.there(case.empty(case.out)), case.there(case.empty(case.size))

    on_cupy.ConvolutionReLU_updateOutput(x, case.there(residual), output, w, b, *case.options)
    assert_close(output.get(), np.maximum(case.expected + residual, 0))
    on_cupy.ConvolutionReLU_updateOutput(x, None, output, w, b, *case.options)
    assert_close(output.get(), np.maximum(case.expected, 0))
    on_cupy.ConvolutionAdd_updateGradInput(g, case.there(added), gradInput, w, *case.options)
    assert_close(gradInput.get(), case.expected_grad + added)

    assert on_cupy.ConvolutionMoments_updateOutput(x, output, w, b, *case.options) is None
    assert_close(output.get(), case.expected)
    moments = on_cupy.ConvolutionMoments_updateOutput(x, output, w, None, *case.options)
    numbers = output.get().astype(np.float64)
    assert_close(output.get(), case.expected - case.bias[:, None, None])
    if way in ('im2col', 'fma') or dtype == np.float16:
        assert moments is None
    else:
        sums = np.stack([(numbers**power).sum((0, 2, 3)) for power in (1, 2)])
        np.testing.assert_allclose(moments.get().sum(0), sums, rtol=1e-5, atol=1e-5 * np.abs(numbers).max())


def test_what_is_no_number_stays_one_where_it_rectifies(cupy, setway):
    from nnlite.kernels import on_cupy

    for way, shape in (('narrow', FEW[0]), ('fma', SMALL[2])):
        setway(way)
        case = Case(cupy, np.float32, shape)
        case.input[0, 0, 0, 0] = np.nan
        output = case.there(case.empty(case.out))
        args = case.there(case.input), None, output, case.there(case.weight), None
        on_cupy.ConvolutionReLU_updateOutput(*args, *case.options)
        found = output.get()
        assert np.isnan(found[0, :, 0, 0]).all() and not np.isnan(found[0, :, 2:, 2:]).any()
