"""Transfer functions by CUDA's kernels against NumPy's in float64, in place and out of it, in any order of memory."""

import numpy as np
import pytest

from nnlite.kernels import on_cupy, on_numpy

BOUNDS = {'float64': 1e-13, 'float32': 2e-6, 'float16': 4e-3}
UNARY = {
    'Threshold': [(0, 0), (1e-6, 0), (0.5, -1)],
    'HardTanh': [(-1, 1), (-0.5, 2)],
    'Sigmoid': [()],
    'HardShrink': [(0.5,)],
    'SoftPlus': [(1, 20), (2, 1)],
    'LogSigmoid': [()],
    'SoftSign': [()],
    'ELU': [(1,), (0.3,)],
    'LeakyReLU': [(0.01,)],
}
GRADIENTS = {
    'Threshold': [(0,), (0.5,)],
    'HardTanh': [(-1, 1)],
    'Sigmoid': [()],
    'Tanh': [()],
    'Abs': [()],
    'Sqrt': [()],
    'Shrink': [(0.5,)],
    'SoftPlus': [(1, 20), (2, 1)],
    'SoftSign': [()],
    'ELU': [(1,), (0.3,)],
    'LeakyReLU': [(0.01,)],
}
KEEPING = ('Threshold', 'HardTanh', 'LeakyReLU')  # what is no number fares otherwise in place
ROWS = [(name, options) for name, several in UNARY.items() for options in several]
GRADIENT_ROWS = [(name, options) for name, several in GRADIENTS.items() for options in several]


def drawn(shape, dtype, seed):
    """Return numbers, a few of them special."""
    numbers = 2 * np.random.default_rng(seed).standard_normal(shape)
    flat = numbers.reshape(-1)
    special = [0, 0.5, -0.5, 1, -1, np.nan, np.inf, -np.inf, 100, -100][: flat.size]
    flat[: len(special)] = special if seed == 1 else 1
    return numbers.astype(dtype)


def expect_close(mine, other, dtype):
    with np.errstate(invalid='ignore'):
        np.testing.assert_allclose(mine.get(), other, rtol=BOUNDS[dtype], atol=BOUNDS[dtype])


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all='ignore'):
        yield


@pytest.mark.parametrize('dtype', BOUNDS)
@pytest.mark.parametrize('shape', [(1,), (64,), (5, 7, 3), (1003,)], ids=str)
@pytest.mark.parametrize(('name', 'options'), ROWS)
def test_outputs(cupy, name, options, shape, dtype):
    input = drawn(shape, dtype, 1)
    ours, numpys = (getattr(kernels, f'{name}_updateOutput') for kernels in (on_cupy, on_numpy))
    output, expected = cupy.empty(shape, dtype), np.empty(shape)
    ours(cupy.asarray(input), output, *options)
    numpys(input.astype(float), expected, *options)
    expect_close(output, expected, dtype)
    if name in KEEPING:
        inplace, expected = cupy.asarray(input), input.astype(float)
        ours(inplace, inplace, *options)
        numpys(expected, expected, *options)
        expect_close(inplace, expected, dtype)


@pytest.mark.parametrize('dtype', BOUNDS)
@pytest.mark.parametrize('shape', [(1,), (64,), (5, 7, 3), (1003,)], ids=str)
@pytest.mark.parametrize(('name', 'options'), GRADIENT_ROWS)
def test_gradients(cupy, name, options, shape, dtype):
    known, grads = drawn(shape, dtype, 1), drawn(shape, dtype, 2)
    known = np.abs(known) if name == 'SoftPlus' else known  # its outputs, of which there are none below 0
    ours, numpys = (getattr(kernels, f'{name}_updateGradInput') for kernels in (on_cupy, on_numpy))
    gradInput, expected = cupy.empty(shape, dtype), np.empty(shape)
    ours(cupy.asarray(known), cupy.asarray(grads), gradInput, *options)
    numpys(known.astype(float), grads.astype(float), expected, *options)
    expect_close(gradInput, expected, dtype)
    if name in KEEPING:
        inplace, expected = cupy.asarray(grads), grads.astype(float)
        ours(cupy.asarray(known), inplace, inplace, *options)
        numpys(known.astype(float), expected, expected, *options)
        expect_close(inplace, expected, dtype)


def test_threshold_is_rounded_as_the_numbers_are(cupy):
    """1e-6 and the float32 next to it are one number there: it is not above itself."""
    numbers, output = cupy.full((5,), 1e-6, np.float32), cupy.empty((5,), np.float32)
    on_cupy.Threshold_updateOutput(numbers, output, 1e-6, -1)
    np.testing.assert_array_equal(output.get(), -1)


def layouts(cupy, host):
    """Yield an array in C order, channels-last, with gaps, and from an odd place on."""
    yield cupy.asarray(host)
    yield np.moveaxis(cupy.asarray(np.moveaxis(host, 1, -1).copy()), -1, 1)
    wide = cupy.zeros((*host.shape[:-1], 2 * host.shape[-1]), host.dtype)
    np.copyto(wide[..., ::2], cupy.asarray(host))
    yield wide[..., ::2]
    odd = cupy.zeros((host.size + 1,), host.dtype)[1:].reshape(host.shape)
    np.copyto(odd, cupy.asarray(host))
    yield odd


def test_arrays_may_lie_anyhow(cupy):
    first, second = drawn((3, 5, 4, 6), np.float32, 3), drawn((3, 5, 4, 6), np.float32, 4)
    expected = np.maximum(first + second, 0)
    for x in layouts(cupy, first):
        for y in layouts(cupy, second):
            for output in layouts(cupy, np.full_like(first, np.nan)):
                on_cupy.CAddReLU_updateOutput(x, y, output)
                np.testing.assert_array_equal(output.get(), expected)
            on_cupy.CAddReLU_updateOutput(x, y, y)
            np.testing.assert_array_equal(y.get(), expected)


def test_sum_and_relu_keeps_what_is_no_number(cupy):
    output = cupy.empty((3,), np.float32)
    on_cupy.CAddReLU_updateOutput(cupy.asarray(np.float32([np.nan, -1, 1])), cupy.zeros(3, np.float32), output)
    np.testing.assert_array_equal(output.get(), [np.nan, 0, 1])


def test_slope_for_each_plane(cupy):
    input, grads = drawn((2, 3, 4), np.float32, 3), drawn((2, 3, 4), np.float32, 4)
    slope = np.float32([0.1, 0.2, 0.3]).reshape(1, 3, 1)
    output, gradInput = cupy.empty(input.shape, 'f'), cupy.empty(input.shape, 'f')
    on_cupy.LeakyReLU_updateOutput(cupy.asarray(input), output, cupy.asarray(slope))
    on_cupy.LeakyReLU_updateGradInput(cupy.asarray(input), cupy.asarray(grads), gradInput, cupy.asarray(slope))
    np.testing.assert_allclose(output.get(), np.where(input > 0, input, slope * input), rtol=1e-6)
    np.testing.assert_allclose(gradInput.get(), np.where(input > 0, grads, slope * grads), rtol=1e-6)
