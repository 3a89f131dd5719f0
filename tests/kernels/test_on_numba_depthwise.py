"""Compiled convolution of each plane by itself, over ragged shapes: against NumPy's in float64, and PyTorch's."""

import numpy as np
import pytest

import nnlite
from nnlite.kernels import on_numpy
from nnlite.tensor.storage import Storage

pytest.importorskip('numba')
on_numba = pytest.importorskip('nnlite.kernels.on_numba', exc_type=nnlite.DeviceError)
simd = pytest.importorskip('nnlite.kernels.on_numba.simd')
depthwise = pytest.importorskip('nnlite.kernels.on_numba.depthwise')

# Relative to the Euclidean norm of what is summed up: as in test_on_numba_convolution, where 5e-7 is the most seen.
BOUND = 1e-6
PLANES = [1, 3, simd.LANES - 1, simd.LANES, simd.LANES + 1, 40]


def maps(shape, dtype=np.float32):
    return Storage().view(shape, dtype, 'map')


def sides(values):
    return tuple(int(value) for value in values)


def case(seed, kernel=None, stride=None, padding=None, planes=None, times=None):
    """Return (input, weight, bias, gradOutput, stride, padding, dilation), random, channels-last."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(1, 8, 2), rng.integers(1, 5, 2), rng.integers(0, 4, 2)
    kernel, stride, padding = (
        sides(random if given is None else given)
        for random, given in zip(drawn, (kernel, stride, padding), strict=True)
    )
    size = rng.integers(np.maximum(np.subtract(kernel, np.multiply(padding, 2)), 1), 41)
    batch, planes, times = rng.integers(1, 4), planes or rng.choice(PLANES), times or rng.integers(1, 4)
    out = (size + np.multiply(padding, 2) - kernel) // stride + 1
    input, gradOutput = maps((batch, planes, *size)), maps((batch, planes * times, *out))
    weight, bias = np.empty((times, planes, *kernel), np.float32), np.empty((times, planes), np.float32)
    for array in (input, gradOutput, weight, bias):
        array[...] = rng.standard_normal(array.shape)
    return input, weight, bias, gradOutput, stride, padding, (1, 1)


def computed(kernels, input, weight, bias, gradOutput, *geometry):
    """Return (output, gradInput, gradWeight, gradBias); the gradients are added to ones, halved."""
    output, gradInput = maps(gradOutput.shape, input.dtype), maps(input.shape, input.dtype)
    for array in (output, gradInput):
        array.fill(np.nan)
    kernels.DepthWiseConvolution_updateOutput(input, output, weight, bias, *geometry)
    kernels.DepthWiseConvolution_updateGradInput(gradOutput, gradInput, weight, *geometry)
    grads = np.ones_like(weight), np.ones_like(bias)
    kernels.DepthWiseConvolution_accGradParameters(input, gradOutput, *grads, *geometry, 0.5)
    return output, gradInput, *grads


def exact(given, of=lambda array: array):
    return computed(on_numpy, *(of(array.astype(np.float64, order='K')) for array in given[:4]), *given[4:])


def expect_close(given):
    """Sums may be far smaller than what is summed up: that is the result of all the same without signs."""
    rows = zip(computed(on_numba, *given), exact(given), exact(given, np.abs), strict=True)
    for mine, other, size in rows:
        assert np.linalg.norm(mine - other) <= BOUND * np.linalg.norm(size)


def expect_equal(results, others):
    for mine, other in zip(results, others, strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('seed', range(60))
def test_any_kernel_stride_and_multiplier(seed, monkeypatch):
    """With little memory a band is a row or two."""
    monkeypatch.setattr(depthwise, 'CACHE', 1 << (6 if seed % 2 else 17))
    nnlite.setnumthreads(1 + seed % 3)
    expect_close(case(seed))


@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('planes', PLANES)
def test_kernels_of_three_by_three(planes, stride):
    expect_close(case(planes, (3, 3), (stride, stride), (1, 1), planes, 1))


def test_long_sums():
    rng = np.random.default_rng(1)
    input, gradOutput = maps((16, 3, 64, 64)), maps((16, 3, 64, 64))
    for array in (input, gradOutput):
        array[...] = rng.random(array.shape)
    weight, bias = rng.random((1, 3, 3, 3), np.float32), rng.random((1, 3), np.float32)
    expect_close((input, weight, bias, gradOutput, (1, 1), (1, 1), (1, 1)))


@pytest.mark.parametrize('times', [1, 2])
def test_pytorchs(times):
    torch = pytest.importorskip('torch')
    given = case(3, (3, 5), (2, 1), (1, 2), 20, times)
    # Torch7's weights are (multiplier, plane, ...), PyTorch's (plane and multiplier, 1, ...).
    arrays = given[0], given[1].swapaxes(0, 1).reshape(-1, 1, 3, 5), given[2].T.reshape(-1)
    tensors = [torch.tensor(np.ascontiguousarray(array), requires_grad=True) for array in arrays]
    output = torch.nn.functional.conv2d(*tensors, given[4], given[5], groups=20)
    output.backward(torch.tensor(np.ascontiguousarray(given[3])))
    mine = computed(on_numba, *given)
    due = [output.detach(), *(tensor.grad for tensor in tensors)]
    due[2], due[3] = due[2].reshape(20, times, 3, 5).swapaxes(0, 1), due[3].reshape(20, times).T
    for found, expected, start in zip(mine, due, (0, 0, 1, 1), strict=True):
        expected = expected.numpy() * (0.5 if start else 1) + start
        assert np.linalg.norm(found - expected) <= 4 * BOUND * np.linalg.norm(expected)


@pytest.mark.parametrize('threads', [1, 2, 3])
def test_same_threads_give_the_same_bits(threads):
    nnlite.setnumthreads(threads)
    given = case(threads)
    first = computed(on_numba, *given)
    computed(on_numba, *case(7))  # leaves other things behind in scratch memory
    expect_equal(first, computed(on_numba, *given))


@pytest.mark.parametrize('which', range(4), ids=['input', 'weight', 'bias', 'gradOutput'])
@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_what_is_no_number_goes_where_numpys_does(value, which):
    given = case(5, (3, 3), (2, 1), (1, 1))
    for corner in ((0, 0), (-1, -1)):
        given[which][corner] = value
    with np.errstate(invalid='ignore'):
        results = zip(computed(on_numba, *given), computed(on_numpy, *given), strict=True)
    for mine, other in results:
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-3)


def test_maps_in_torchs_order_and_one_weight_for_all_are_taken():
    """Subsampling's weight is one number for each plane, seen as one for each pixel of the window."""
    input, weight, bias, gradOutput, *geometry = case(4, times=1)
    weight[...] = weight[:, :, :1, :1]
    same = np.broadcast_to(weight[:, :, :1, :1], weight.shape)
    plain = [np.ascontiguousarray(array) for array in (input, gradOutput)]
    output, gradInput = maps(gradOutput.shape), maps(input.shape)
    on_numba.DepthWiseConvolution_updateOutput(plain[0], output, same, bias, *geometry)
    on_numba.DepthWiseConvolution_updateGradInput(plain[1], gradInput, same, *geometry)
    expect_equal((output, gradInput), computed(on_numba, input, weight, bias, gradOutput, *geometry)[:2])


def test_no_bias():
    input, weight, _, gradOutput, *geometry = case(6)
    given = input, weight, np.zeros(weight.shape[:2], np.float32), gradOutput, *geometry
    output, gradWeight = maps(gradOutput.shape), np.ones_like(weight)
    on_numba.DepthWiseConvolution_updateOutput(input, output, weight, None, *geometry)
    on_numba.DepthWiseConvolution_accGradParameters(input, gradOutput, gradWeight, None, *geometry, 0.5)
    due = computed(on_numba, *given)
    expect_equal((output, gradWeight), (due[0], due[2]))


def test_other_numbers_and_dilation_are_numpys():
    input, weight, bias, gradOutput, *geometry = case(5)
    given = [array.astype(np.float64, order='K') for array in (input, weight, bias, gradOutput)]
    expect_equal(computed(on_numba, *given, *geometry), computed(on_numpy, *given, *geometry))
    given = case(8, (2, 2), (1, 1), (1, 1))
    given = *given[:3], given[3][:, :, :-1, :-1], *given[4:6], (2, 2)
    expect_equal(computed(on_numba, *given), computed(on_numpy, *given))


def test_windows_beyond_the_map_and_other_planes_are_refused():
    input, weight, bias, gradOutput, *geometry = case(9, padding=(0, 0))
    batch, planes, height, width = gradOutput.shape
    for shape in ((batch, planes, height + 1, width), (batch, planes + 1, height, width), (9, planes, height, width)):
        with pytest.raises(nnlite.ShapeError, match='expected'):
            on_numba.DepthWiseConvolution_updateOutput(input, maps(shape), weight, bias, *geometry)
        with pytest.raises(nnlite.ShapeError, match='expected'):
            on_numba.DepthWiseConvolution_updateGradInput(maps(shape), input, weight, *geometry)
        with pytest.raises(nnlite.ShapeError, match='expected'):
            on_numba.DepthWiseConvolution_accGradParameters(input, maps(shape), weight, bias, *geometry, 1)
