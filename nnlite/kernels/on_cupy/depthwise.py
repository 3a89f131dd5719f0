"""Convolution of each plane by kernels of its own."""

import math

import numpy as np

from nnlite.kernels.on_cupy.geometry import Geometry
from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks
from nnlite.kernels.on_cupy.maps import WARP, divisors, in_widths, launch, pixels, walk
from nnlite.kernels.on_numpy.scratch import channels_last, scratch

ROWS, TAPS = 8, 10  # as in depthwise.cu
SLICES = 64  # at most, into which sums over all pixels are cut
PIXELS = 256  # of a slice, at least

_source = Source(
    'depthwise.cu', *in_widths('depthwise', 'depthwise_back'), 'depthwise_parts<{T}>', 'depthwise_totals<{T}>'
)


def DepthWiseConvolution_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Output[n, c * M + m, y] = bias[m, c] + sum over k of weight[m, c, k] input[n, c, y * stride + ...].

    Shapes: input (N, C, *space), output (N, C * M, *out), weight (M, C, *kernel), bias (M, C) or None.
    """
    geometry = Geometry.of(input.shape, output.shape, weight.shape[2:], stride, padding, dilation)
    arrays = channels_last(input, 'input'), pixels(output), _packed(weight, 'weight')
    biases = None if bias is None else _packed(bias, 'bias')
    width = None if len(weight) == 1 else 1
    launch(_source, 'depthwise', arrays[1], arrays, biases, geometry.record, width=width)


def DepthWiseConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation):
    """GradInput: each pixel gathers what the windows that it lies in hand back.

    Shapes: as in DepthWiseConvolution_updateOutput.
    """
    geometry = Geometry.of(gradInput.shape, gradOutput.shape, weight.shape[2:], stride, padding, dilation)
    arrays = channels_last(gradOutput, 'gradOutput'), pixels(gradInput), _packed(weight, 'weight')
    width = None if len(weight) == 1 else 1
    strides = divisors(tuple(stride))
    launch(_source, 'depthwise_back', arrays[1], arrays, geometry.record, strides, width=width)


def DepthWiseConvolution_accGradParameters(
    input, gradOutput, gradWeight, gradBias, stride, padding, dilation, scale
):  # fmt: skip
    """GradWeight += scale * the sum over all output pixels of their gradient times what they saw; gradBias likewise.

    Shapes: as in DepthWiseConvolution_updateOutput; gradWeight like weight, gradBias like bias or None.
    """
    each, planes, *kernel = gradWeight.shape
    geometry = Geometry.of(input.shape, gradOutput.shape, kernel, stride, padding, dilation)
    maps, grads = channels_last(input, 'input'), channels_last(gradOutput, 'gradOutput')
    taps = geometry.taps + (gradBias is not None)
    slices = max(1, min(SLICES, geometry.pixels // PIXELS))
    sums = np.float64 if input.dtype == np.float64 else np.float32
    parts = scratch('parts', (slices, taps, geometry.outputs), sums)
    totals = scratch('totals', (taps, planes, each), input.dtype)
    grid, block = (blocks(geometry.outputs, WARP), slices, blocks(taps, TAPS)), (WARP, ROWS)
    over, slice = walk(tuple(gradOutput.shape[2:]), 1), blocks(geometry.pixels, slices)
    _source.launch(
        'depthwise_parts<{T}>', input.dtype, grid, block, maps, grads, parts, geometry.record, over, geometry.pixels,
        slice, taps, shared=WARP * ROWS * TAPS * parts.itemsize,
    )  # fmt: skip
    count = totals.size
    _source.launch(
        'depthwise_totals<{T}>', input.dtype, blocks(count), THREADS, parts, totals, slices, float(scale), count
    )
    total = totals[: math.prod(kernel)].reshape(*kernel, planes, each)
    np.add(gradWeight, np.moveaxis(total, (-1, -2), (0, 1)), out=gradWeight)
    if gradBias is not None:
        np.add(gradBias, totals[-1].T, out=gradBias)


def _packed(parameters, purpose):
    """Return weights (M, C, *kernel), or biases (M, C), as (*kernel, C, M)."""
    each, planes, *kernel = parameters.shape
    packed = scratch(purpose, (*kernel, planes, each), parameters.dtype)
    np.copyto(packed, np.moveaxis(parameters, (0, 1), (-1, -2)))
    return packed.reshape(*kernel, planes * each)
