"""Convolution over ragged shapes, dilated or not, in chunks of a batch and of rows, against PyTorch in float64."""

import math

import numpy as np
import pytest
import torch

import nnlite.kernels
from nnlite.kernels import on_numpy
from nnlite.kernels.on_numpy import convolution, windows, winograd
from nnlite.tensor.storage import Storage

pytestmark = pytest.mark.usefixtures('kernels')


@pytest.fixture(params=[1, 2000, windows.COLUMNS_BUDGET], ids=['row by row', 'some rows', 'whole batches'])
def budget(request, monkeypatch):
    """Give the columns so much memory: all results must be the same."""
    monkeypatch.setattr(windows, 'COLUMNS_BUDGET', request.param)


def case(seed, dimensions, dtype):
    """Return (input, weight, bias, gradOutput, stride, padding, dilation), random."""
    rng = np.random.default_rng([seed, dimensions])
    kernel, stride = rng.integers(1, 6, dimensions), rng.integers(1, 4, dimensions)
    padding, dilation = rng.integers(0, 4, dimensions), rng.integers(1, 3 + seed % 2, dimensions)
    extent = (kernel - 1) * dilation + 1
    size = rng.integers(np.maximum(extent - 2 * padding, 1), 15)
    batch, planes, outputs = rng.integers(1, 5), *rng.integers(1, 21, 2)
    out = (size + 2 * padding - extent) // stride + 1
    shapes = (batch, planes, *size), (outputs, planes, *kernel), (outputs,), (batch, outputs, *out)
    input, weight, bias, gradOutput = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    return input, weight, bias, gradOutput, *(tuple(map(int, sizes)) for sizes in (stride, padding, dilation))


def ours(input, weight, bias, gradOutput, *geometry):
    """Return (output, gradInput, gradWeight, gradBias) of the kernels; the gradients are added to ones, halved."""
    kernels = nnlite.kernels.family()
    output, gradInput = (Storage().view(a.shape, a.dtype, 'map') for a in (gradOutput, input))
    kernels.Convolution_updateOutput(input, output, weight, bias, *geometry)
    kernels.Convolution_updateGradInput(gradOutput, gradInput, weight, *geometry)
    grads = np.ones_like(weight), np.ones_like(bias)
    kernels.Convolution_accGradParameters(input, gradOutput, *grads, *geometry, 0.5)
    return output, gradInput, *grads


def theirs(input, weight, bias, gradOutput, stride, padding, dilation):
    """Return the same of PyTorch, in float64."""
    convolve = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}[len(stride)]
    leaves = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in (input, weight, bias)]
    output = convolve(*leaves, stride, padding, dilation)
    output.backward(torch.tensor(gradOutput, dtype=torch.float64))
    gradInput, gradWeight, gradBias = (leaf.grad.numpy() for leaf in leaves)
    return output.detach().numpy(), gradInput, 1 + 0.5 * gradWeight, 1 + 0.5 * gradBias


# A sum of K products of numbers around 1 has size sqrt(K) and rounds by sqrt(K) eps: relative to its size, by few eps.
@pytest.mark.parametrize(('dtype', 'tolerance'), [(np.float64, 1e-14), (np.float32, 2e-6)], ids=['double', 'float'])
@pytest.mark.parametrize('seed', range(20))
@pytest.mark.parametrize('dimensions', [1, 2, 3])
@pytest.mark.usefixtures('budget')
def test_ragged_shapes(dimensions, seed, dtype, tolerance):
    given = case(seed, dimensions, dtype)
    for mine, other in zip(ours(*given), theirs(*given), strict=True):
        assert np.abs(mine - other).max() <= tolerance * max(1, np.abs(other).max())


def case_for_winograd(seed, dtype=np.float32):
    """Return what `case` does for a kernel of 3x3, of as many planes as it takes, and ragged maps of several chunks."""
    rng = np.random.default_rng(seed)
    padding = tuple(map(int, rng.integers(0, 4, 2)))
    size = rng.integers(np.maximum(3 - 2 * np.array(padding), 1), 31)
    batch, planes, outputs = rng.integers(1, 5), *rng.integers(winograd.LEAST, 71, 2)
    shapes = (
        (batch, planes, *size),
        (outputs, planes, 3, 3),
        (outputs,),
        (batch, outputs, *size + 2 * np.array(padding) - 2),
    )
    return *(rng.standard_normal(shape).astype(dtype) for shape in shapes), (1, 1), padding, (1, 1)


def differences(these, those):
    """Return the differences of arrays relative to their sizes (Euclidean norm)."""
    return [np.linalg.norm(one - other) / np.linalg.norm(other) for one, other in zip(these, those, strict=True)]


# Winograd's algorithm adds and subtracts numbers larger than the result on both sides of its products: 1.2e-6 was seen.
@pytest.mark.parametrize('seed', range(30))
@pytest.mark.usefixtures('budget')
def test_winograd(seed):
    nnlite.setnumthreads(1 + seed % 4)
    given = case_for_winograd(seed)
    assert max(differences(ours(*given), theirs(*given))) < 2.5e-6


@pytest.mark.parametrize('seed', range(5))
def test_precise_is_not_winograd(seed):
    given = case_for_winograd(seed)
    by_winograd, exact = ours(*given), theirs(*given)
    nnlite.setprecise(True)
    directly = ours(*given)
    assert max(differences(directly, exact)) < 1e-6
    assert (directly[2] != by_winograd[2]).any(), 'both took the same way'


def test_winograds_windows_beyond_the_map_are_refused(kernels):
    input, weight = np.ones((2, 32, 8, 8), np.float32), np.ones((32, 32, 3, 3), np.float32)
    output = Storage().view((2, 32, 8, 8), np.float32, 'map')
    output.fill(1)
    geometry = (1, 1), (0, 0), (1, 1)
    refused = {'numpy': 'expected maps of at least', 'numba': 'expected no more windows'}[kernels]
    with pytest.raises(nnlite.ShapeError, match=refused):
        nnlite.kernels.family().Convolution_updateOutput(input, output, weight, None, *geometry)
    with pytest.raises(nnlite.ShapeError, match=refused):
        nnlite.kernels.family().Convolution_accGradParameters(input, output, weight.copy(), None, *geometry, 1)


@pytest.mark.parametrize('out', [(12, 12), (17, 9), (12, 20)])
def test_winograds_windows_may_leave_pixels_unseen(out):
    """Those at the far ends, as a convolution directly does."""
    rng = np.random.default_rng(0)
    shapes = (2, 33, 20, 20), (40, 33, 3, 3), (40,), (2, 40, *out)
    given = [rng.standard_normal(shape) for shape in shapes]
    geometry, kernels, results = ((1, 1), (1, 1), (1, 1)), nnlite.kernels.family(), []
    for dtype in (np.float32, np.float64):
        input, weight, bias, gradOutput = (array.astype(dtype) for array in given)
        output, gradWeight = Storage().view(gradOutput.shape, dtype, 'map'), np.ones_like(weight)
        kernels.Convolution_updateOutput(input, output, weight, bias, *geometry)
        kernels.Convolution_accGradParameters(input, gradOutput, gradWeight, None, *geometry, 0.5)
        results.append((output, gradWeight))
    assert max(differences(*results)) < 2.5e-6


@pytest.mark.parametrize('seed', range(5))
def test_double_is_not_winograd(seed):
    given = case_for_winograd(seed, np.float64)
    assert max(differences(ours(*given), theirs(*given))) < 1e-14


def test_winograds_transforms_convolve_without_error_in_whole_numbers():
    """Along one side, at any points, they are an identity of polynomials."""
    pixels, weights, outputs = (matrix.astype(np.float64) for matrix in winograd.transforms([0, 1, -1, 2, -2]))
    rng = np.random.default_rng(0)
    tile, kernel = rng.integers(-9, 10, (6, 6)), rng.integers(-9, 10, (3, 3))
    computed = outputs @ ((pixels @ tile.reshape(-1)) * (weights @ kernel.reshape(-1)))
    direct = [(tile[y : y + 3, x : x + 3] * kernel).sum() for y in range(4) for x in range(4)]
    np.testing.assert_allclose(computed, direct, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.usefixtures('budget')
def test_channels_last_input_gives_the_same(seed):
    input, weight, bias, gradOutput, *geometry = case(seed, 2, np.float64)
    last = [np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1) for a in (input, gradOutput)]
    plainly, lastly = (ours(i, weight, bias, g, *geometry) for i, g in ((input, gradOutput), last))
    for mine, other in zip(lastly, plainly, strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('seed', range(10))
@pytest.mark.usefixtures('budget')
def test_local_convolution_with_equal_weights_everywhere_is_convolution(seed):
    input, weight, bias, gradOutput, *geometry = case(seed, 2 + seed % 2, np.float64)
    out = gradOutput.shape[2:]
    kernels, places = nnlite.kernels.family(), tuple(range(len(out)))
    weights = np.broadcast_to(weight, (*out, *weight.shape))
    biases = np.broadcast_to(np.expand_dims(bias, [1 + place for place in places]), (len(bias), *out))
    output, gradInput = (Storage().view(a.shape, a.dtype, 'map') for a in (gradOutput, input))
    kernels.LocalConvolution_updateOutput(input, output, weights, biases, *geometry)
    kernels.LocalConvolution_updateGradInput(gradOutput, gradInput, weights, *geometry)
    grads = np.zeros_like(weights), np.zeros_like(biases)
    kernels.LocalConvolution_accGradParameters(input, gradOutput, *grads, *geometry, 0.5)
    summed = 1 + grads[0].sum(axis=places), 1 + grads[1].sum(axis=tuple(place + 1 for place in places))
    plain = ours(input, weight, bias, gradOutput, *geometry)
    for mine, other in zip((output, gradInput, *summed), plain, strict=True):
        assert np.abs(mine - other).max() <= 1e-13 * max(1, np.abs(other).max())


def test_columns_stay_in_their_budget(monkeypatch):
    """The columns of this batch would take 36 MB, and those of one of its images 2.25."""
    taken = []

    def scratch(purpose, shape, dtype):
        array = real(purpose, shape, dtype)
        if purpose == 'columns':
            taken.append(array.nbytes)
        return array

    real = windows.scratch
    monkeypatch.setattr(windows, 'COLUMNS_BUDGET', 1 << 20)
    monkeypatch.setattr(windows, 'scratch', scratch)
    input, weight = np.ones((16, 4, 128, 128), np.float32), np.ones((4, 4, 3, 3), np.float32)
    output = Storage().view(input.shape, np.float32, 'map')
    convolution.Convolution_updateOutput(input, output, weight, None, (1, 1), (1, 1), (1, 1))
    convolution.Convolution_accGradParameters(input, output, weight.copy(), None, (1, 1), (1, 1), (1, 1), 1)
    assert 0 < max(taken) <= 1 << 20


def test_winograds_tiles_stay_in_their_budget(monkeypatch):
    """At all points, inputs and outputs of this batch would take 75 MB, and those of one of its images 4.7."""
    taken = []

    def scratch(purpose, shape, dtype):
        taken.append(math.prod(shape) * np.dtype(dtype).itemsize)
        return real(purpose, shape, dtype)

    real = winograd.scratch
    monkeypatch.setattr(winograd, 'COLUMNS_BUDGET', 1 << 20)
    monkeypatch.setattr(winograd, 'scratch', scratch)
    input, weight = np.ones((16, 32, 64, 64), np.float32), np.ones((32, 32, 3, 3), np.float32)
    output = Storage().view(input.shape, np.float32, 'map')
    geometry = (1, 1), (1, 1), (1, 1)
    on_numpy.Convolution_updateOutput(input, output, weight, None, *geometry)
    on_numpy.Convolution_updateGradInput(output, input, weight, *geometry)
    on_numpy.Convolution_accGradParameters(input, output, weight.copy(), None, *geometry, 1)
    assert 1 << 18 < max(taken) <= 1 << 19
