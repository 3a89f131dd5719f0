"""Convolution with weights of their own for every output pixel: a small matrix product for each of them.

The columns of im2col are multiplied pixel by pixel: (pixels, N, K) @ (pixels, K, nOutputPlane), K = *kernel *
nInputPlane, instead of one product for all pixels.
"""

import math

import numpy as np

from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.kernels.on_numpy.windows import chunks, col2im, im2col


def LocalConvolution_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Output[n, o, y] = bias[o, y] + sum over c, k of weight[y, o, c, k] input[n, c, y * stride + ...].

    Shapes: input (N, nInputPlane, *space), output (N, nOutputPlane, *out) channels-last,
    weight (*out, nOutputPlane, nInputPlane, *kernel), bias (nOutputPlane, *out) or None.
    """
    matrices, pixels = _packed(weight), np.moveaxis(output, 1, -1)
    out, kernel = output.shape[2:], _kernel(weight)
    for images, rows in chunks(slice(0, len(input)), out, _column(weight)):
        columns = im2col(input[images], rows, out, kernel, stride, padding, dilation)
        product = pixels[images, rows]
        np.matmul(_by_pixel(columns, len(product)), _of(rows, matrices), out=_by_pixel(product, len(product)))
    if bias is not None:
        np.add(output, bias, out=output)


def LocalConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation):
    """GradInput: every output pixel hands its gradient back to the window it came from, by its own weights.

    Shapes: as in LocalConvolution_updateOutput; gradInput channels-last.
    """
    matrices = _packed(weight)

    def fill(grads, rows, columns):
        count = len(grads)
        columns = columns.reshape(*grads.shape[:-1], -1)
        np.matmul(_by_pixel(grads, count), _of(rows, matrices).swapaxes(1, 2), out=_by_pixel(columns, count))

    col2im(gradOutput, gradInput, _kernel(weight), stride, padding, dilation, fill)


def LocalConvolution_accGradParameters(input, gradOutput, gradWeight, gradBias, stride, padding, dilation, scale):
    """GradWeight, at each output pixel, += scale * (its columns)^T @ (its gradients); gradBias += scale * gradOutput.

    Shapes: as in LocalConvolution_updateOutput; gradWeight like weight, gradBias like bias or None.
    """
    grads, out = channels_last(gradOutput, 'gradOutput'), gradOutput.shape[2:]
    total = _memory('gradWeight', gradWeight)
    total.fill(0)
    for images, rows in chunks(slice(0, len(input)), out, _column(gradWeight)):
        columns = im2col(input[images], rows, out, _kernel(gradWeight), stride, padding, dilation)
        some, part = grads[images, rows], _of(rows, total)
        product = scratch('gradWeight of a chunk', part.shape, part.dtype)
        np.matmul(_by_pixel(columns, len(some)).swapaxes(1, 2), _by_pixel(some, len(some)), out=product)
        np.add(part, product, out=part)
    np.multiply(total, scale, out=total)
    unpacked = _unpacked(gradWeight)
    np.add(unpacked, total.reshape(unpacked.shape), out=unpacked)
    if gradBias is not None:
        sums = np.add.reduce(gradOutput, axis=0, out=scratch('gradBias', gradBias.shape, gradBias.dtype))
        np.add(gradBias, np.multiply(sums, scale, out=sums), out=gradBias)


def _sides(weight):
    """Return how many spatial dimensions a weight (*out, nOutputPlane, nInputPlane, *kernel) is for."""
    return weight.ndim // 2 - 1


def _kernel(weight):
    return weight.shape[_sides(weight) + 2 :]


def _column(weight):
    return math.prod(weight.shape[_sides(weight) + 1 :]) * weight.itemsize


def _unpacked(weight):
    """Return a weight as (*out, *kernel, nInputPlane, nOutputPlane), the order of columns."""
    return np.moveaxis(weight, (_sides(weight), _sides(weight) + 1), (-1, -2))


def _memory(purpose, weight):
    """Return scratch memory for matrices (*out, K, nOutputPlane)."""
    sides = _sides(weight)
    shape = *weight.shape[:sides], math.prod(weight.shape[sides + 1 :]), weight.shape[sides]
    return scratch(purpose, shape, weight.dtype)


def _packed(weight):
    """Return the weights as matrices (*out, K, nOutputPlane)."""
    unpacked, packed = _unpacked(weight), _memory('weight', weight)
    np.copyto(packed.reshape(unpacked.shape), unpacked)
    return packed


def _of(rows, matrices):
    """Return the matrices of some rows of output pixels, (pixels, K, nOutputPlane)."""
    return matrices[rows].reshape(-1, *matrices.shape[-2:])


def _by_pixel(array, count):
    """Return (count images' pixels, numbers) as (pixels, images, numbers)."""
    return array.reshape(count, -1, array.shape[-1]).swapaxes(0, 1)
