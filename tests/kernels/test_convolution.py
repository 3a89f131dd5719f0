"""Convolution over ragged shapes, in chunks of a batch and of rows, against PyTorch in float64."""

import numpy as np
import pytest
import torch

import nnlite.kernels
from nnlite.kernels.on_numpy import convolution
from nnlite.tensor.storage import Storage

pytestmark = pytest.mark.usefixtures('kernels')


@pytest.fixture(params=[1, 2000, convolution.COLUMNS_BUDGET], ids=['row by row', 'some rows', 'whole batches'])
def budget(request, monkeypatch):
    """Give the columns so much memory: all results must be the same."""
    monkeypatch.setattr(convolution, 'COLUMNS_BUDGET', request.param)


def case(seed, dimensions, dtype):
    """Return (input, weight, bias, stride, padding, gradOutput), random."""
    rng = np.random.default_rng([seed, dimensions])
    kernel, stride = rng.integers(1, 6, dimensions), rng.integers(1, 4, dimensions)
    padding = rng.integers(0, 4, dimensions)
    size = rng.integers(np.maximum(kernel - 2 * padding, 1), 13)
    batch, planes, outputs = rng.integers(1, 5), *rng.integers(1, 21, 2)
    out = (size + 2 * padding - kernel) // stride + 1
    shapes = (batch, planes, *size), (outputs, planes, *kernel), (outputs,), (batch, outputs, *out)
    input, weight, bias, gradOutput = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    return input, weight, bias, tuple(map(int, stride)), tuple(map(int, padding)), gradOutput


def ours(input, weight, bias, stride, padding, gradOutput):
    """Return (output, gradInput, gradWeight, gradBias) of the kernels; the gradients are added to ones, halved."""
    kernels = nnlite.kernels.family()
    output, gradInput = (Storage().view(a.shape, a.dtype, 'map') for a in (gradOutput, input))
    kernels.SpatialConvolution_updateOutput(input, output, weight, bias, stride, padding)
    kernels.SpatialConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding)
    grads = np.ones_like(weight), np.ones_like(bias)
    kernels.SpatialConvolution_accGradParameters(input, gradOutput, *grads, stride, padding, 0.5)
    return output, gradInput, *grads


def theirs(input, weight, bias, stride, padding, gradOutput):
    """Return the same of PyTorch, in float64."""
    convolve = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}[len(stride)]
    leaves = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in (input, weight, bias)]
    output = convolve(*leaves, stride, padding)
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


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.usefixtures('budget')
def test_channels_last_input_gives_the_same(seed):
    input, *rest, gradOutput = case(seed, 2, np.float64)
    last = [np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1) for a in (input, gradOutput)]
    for mine, other in zip(ours(last[0], *rest, last[1]), ours(input, *rest, gradOutput), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_columns_stay_in_their_budget(monkeypatch):
    """The columns of this batch would take 36 MB, and those of one of its images 2.25."""
    taken = []

    def scratch(purpose, shape, dtype):
        array = real(purpose, shape, dtype)
        if purpose == 'columns':
            taken.append(array.nbytes)
        return array

    real = convolution.scratch
    monkeypatch.setattr(convolution, 'COLUMNS_BUDGET', 1 << 20)
    monkeypatch.setattr(convolution, 'scratch', scratch)
    input, weight = np.ones((16, 4, 128, 128), np.float32), np.ones((4, 4, 3, 3), np.float32)
    output = Storage().view(input.shape, np.float32, 'map')
    convolution.SpatialConvolution_updateOutput(input, output, weight, None, (1, 1), (1, 1))
    convolution.SpatialConvolution_accGradParameters(input, output, weight.copy(), None, (1, 1), (1, 1), 1)
    assert 0 < max(taken) <= 1 << 20
