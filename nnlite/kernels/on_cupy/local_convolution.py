"""Convolution with weights of their own for every output pixel: each thread goes through a window and its weights."""

import numpy as np

from nnlite.kernels.on_cupy.geometry import Geometry
from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks
from nnlite.kernels.on_cupy.maps import IMAGES, divisors, launch, pixels
from nnlite.kernels.on_numpy.scratch import channels_last, contiguous, scratch

TOGETHER = 8  # images, as in local_convolution.cu

_source = Source('local_convolution.cu', 'local<{T}, 1>', 'local_back<{T}, 1>', 'local_weights<{T}>')


def LocalConvolution_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Output[n, o, y] = bias[o, y] + sum over c, k of weight[y, o, c, k] input[n, c, y * stride + ...].

    Shapes: input (N, nInputPlane, *space), output (N, nOutputPlane, *out) channels-last,
    weight (*out, nOutputPlane, nInputPlane, *kernel), bias (nOutputPlane, *out) or None.
    """
    arrays = channels_last(input, 'input'), pixels(output), _packed(weight, (-1, -2))
    biases = None if bias is None else contiguous(bias, 'bias')
    sizes = _geometry(input, output, weight, stride, padding, dilation).record
    launch(_source, 'local', arrays[1], arrays, biases, sizes, width=1, together=TOGETHER)


def LocalConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation):
    """GradInput: each pixel gathers, from the windows that it lies in, what their weights hand back.

    Shapes: as in LocalConvolution_updateOutput; gradInput channels-last.
    """
    arrays = channels_last(gradOutput, 'gradOutput'), pixels(gradInput), _packed(weight, (-2, -1))
    sizes = _geometry(gradInput, gradOutput, weight, stride, padding, dilation).record
    strides = divisors(tuple(stride))
    launch(_source, 'local_back', arrays[1], arrays, sizes, strides, width=1, together=TOGETHER)


def LocalConvolution_accGradParameters(input, gradOutput, gradWeight, gradBias, stride, padding, dilation, scale):
    """GradWeight += scale * the sum over N of gradient times input; gradBias += scale * gradOutput's sum.

    Shapes: as in LocalConvolution_updateOutput; gradWeight like weight, in C order, gradBias like bias or None.
    """
    geometry = _geometry(input, gradOutput, gradWeight, stride, padding, dilation)
    maps, grads = channels_last(input, 'input'), channels_last(gradOutput, 'gradOutput')
    windows, count = geometry.pixels // len(input), geometry.outputs * geometry.column
    grid, scale = (blocks(count), min(windows, IMAGES)), float(scale)
    arguments = maps, grads, gradWeight, geometry.record, scale, windows, count
    _source.launch('local_weights<{T}>', input.dtype, grid, THREADS, *arguments)
    if gradBias is not None:
        sums = np.add.reduce(gradOutput, axis=0, out=scratch('gradBias', gradBias.shape, gradBias.dtype))
        np.add(gradBias, np.multiply(sums, scale, out=sums), out=gradBias)


def _geometry(input, output, weight, *geometry):
    return Geometry.of(input.shape, output.shape, weight.shape[input.ndim :], *geometry)


def _packed(weight, ends):
    """Return weights (*out, nOutputPlane, nInputPlane, *kernel) with these planes' axes at the ends that are named."""
    sides = weight.ndim // 2 - 1
    turned = np.moveaxis(weight, (sides, sides + 1), ends)
    packed = scratch('weight', turned.shape, weight.dtype)
    np.copyto(packed, turned)
    return packed
