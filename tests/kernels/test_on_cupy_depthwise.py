"""Kernels for GPUs of convolutions that are no matrix product: plane by plane, or pixel by pixel."""

import numpy as np
import pytest
from against_numpy import SIDES, agree, maps, normal

DTYPES = 'float64', 'float32', 'float16'


def case(rng, sides):
    """Return (batch, space, out, kernel, (stride, padding, dilation)) of any convolution over so many sides."""
    kernel, stride, dilation = (rng.integers(1, most, sides) for most in (4, 4, 3))
    padding = rng.integers(0, 3, sides)
    reach = (kernel - 1) * dilation + 1
    space = rng.integers(np.maximum(reach - 2 * padding, 1), reach + 4)
    out = (space + 2 * padding - reach) // stride + 1
    geometry = tuple(tuple(map(int, numbers)) for numbers in (stride, padding, dilation))
    return int(rng.integers(1, 4)), *(tuple(map(int, numbers)) for numbers in (space, out, kernel)), geometry


@SIDES
@pytest.mark.parametrize('seed', range(6))
def test_depthwise_convolution(cupy, seed, sides):
    rng, dtype = np.random.default_rng(seed), DTYPES[seed % 3]
    batch, space, out, kernel, geometry = case(rng, sides)
    planes, each = int(rng.choice([1, 3, 4, 8, 36])), int(rng.choice([1, 1, 2, 3]))
    input, gradOutput = normal(rng, (batch, planes, *space), dtype), normal(rng, (batch, planes * each, *out), dtype)
    weight = rng.standard_normal((each, planes, *kernel)).astype(dtype)
    bias = rng.standard_normal((each, planes)).astype(dtype)
    output, gradInput = maps(gradOutput.shape, dtype), maps(input.shape, dtype)
    agree(cupy, 'DepthWiseConvolution_updateOutput', [input, output, weight, bias], [1], *geometry)
    agree(cupy, 'DepthWiseConvolution_updateGradInput', [gradOutput, gradInput, weight], [1], *geometry)
    grads = [np.ones_like(weight), np.ones_like(bias)]
    agree(
        cupy, 'DepthWiseConvolution_accGradParameters', [input, gradOutput, *grads], [2, 3], *geometry, 0.5
    )  # fmt: skip


def test_depthwise_gradients_of_many_pixels(cupy, order):
    rng = np.random.default_rng(0)
    input, gradOutput = normal(rng, (2, 3, 20, 20), 'float32'), normal(rng, (2, 3, 18, 20), 'float32')
    grads = [np.ones((1, 3, 3, 1), 'float32'), np.ones((1, 3), 'float32')]
    geometry = (1, 1), (0, 0), (1, 1)
    agree(cupy, 'DepthWiseConvolution_accGradParameters', [input, gradOutput, *grads], [2, 3], *geometry, 2)


@SIDES
@pytest.mark.parametrize('seed', range(6))
def test_local_convolution(cupy, seed, sides):
    rng, dtype = np.random.default_rng(seed), DTYPES[seed % 3]
    batch, space, out, kernel, geometry = case(rng, sides)
    batch, (planes, outputs) = batch + 8 * (seed == 1), map(int, rng.integers(1, 6, 2))
    input, gradOutput = normal(rng, (batch, planes, *space), dtype), normal(rng, (batch, outputs, *out), dtype)
    weight = rng.standard_normal((*out, outputs, planes, *kernel)).astype(dtype)
    bias = rng.standard_normal((outputs, *out)).astype(dtype)
    output, gradInput = maps(gradOutput.shape, dtype), maps(input.shape, dtype)
    agree(cupy, 'LocalConvolution_updateOutput', [input, output, weight, bias], [1], *geometry)
    agree(cupy, 'LocalConvolution_updateGradInput', [gradOutput, gradInput, weight], [1], *geometry)
    grads = [np.ones_like(weight), np.ones_like(bias)]
    agree(cupy, 'LocalConvolution_accGradParameters', [input, gradOutput, *grads], [2, 3], *geometry, 0.5)
