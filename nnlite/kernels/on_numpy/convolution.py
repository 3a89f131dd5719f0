"""Convolution as im2col + GEMM, over any number of spatial dimensions, or by Winograd's algorithm where that pays.

Every output pixel is a dot product of the weights with the window of the input under it. With these windows side by
side, one matrix product does them all; K = *kernel * nInputPlane:

    output (pixels, nOutputPlane) = columns (pixels, K) @ weight (K, nOutputPlane)

Maps lie channels-last: the rows of the product *are* the output's pixels. Each thread has some of the images, and
columns of its own. A full (transposed) convolution is the same three kernels with the parts of input and output
exchanged: its output is a convolution's gradInput.
"""

import math

import numpy as np

from nnlite.kernels.on_numpy import winograd
from nnlite.kernels.on_numpy.residual import CAdd_updateOutput
from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows
from nnlite.kernels.on_numpy.windows import chunks, col2im, im2col
from nnlite.tensor.threads import share_out


def Convolution_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Output[n, o, y] = bias[o] + sum over c, k of weight[o, c, k] input[n, c, y * stride + k * dilation - padding].

    Shapes: input (N, nInputPlane, *space), output (N, nOutputPlane, *out) channels-last,
    weight (nOutputPlane, nInputPlane, *kernel), bias (nOutputPlane) or None; stride, padding, dilation: one number for
    each of *space.
    """
    _convolve(input, output, weight, bias, stride, padding, dilation)


def ConvolutionReLU_updateOutput(input, residual, output, weight, bias, stride, padding, dilation):
    """Output = max(0, Convolution_updateOutput's + residual), in one pass; NaN stays, as in a ReLU in place.

    Shapes: as in Convolution_updateOutput; residual like output, or None for zero.
    """
    pixels, added = np.moveaxis(output, 1, -1), None if residual is None else channels_last(residual, 'residual')

    def add_and_rectify(images, rows):
        part = pixels[images, rows]
        if added is not None:
            np.add(part, added[images, rows], out=part)
        np.maximum(part, 0, out=part)

    _convolve(input, output, weight, bias, stride, padding, dilation, add_and_rectify)


def ConvolutionReLUTwice_updateOutput(input, residual, output, first, second):
    """Output = ConvolutionReLU of the ConvolutionReLU of the input, where that is cheaper than one after the other.

    Args:
        first, second: what ConvolutionReLU_updateOutput takes from the weight on; the residual is the second one's.

    Returns:
        whether it was done: never here.
    """
    return False


def _convolve(input, output, weight, bias, stride, padding, dilation, finish=lambda images, rows: None):
    """Do what Convolution_updateOutput says, and finish(images, rows) with each part while the cache holds it."""
    if winograd.pays(weight, output.shape[2:], stride, dilation):
        winograd.convolve(input, output, weight, bias, padding, finish)
        return
    matrix, pixels = _packed(weight), np.moveaxis(output, 1, -1)

    def work(_, part):
        for images, rows in chunks(part, output.shape[2:], _column(weight)):
            columns = im2col(input[images], rows, output.shape[2:], weight.shape[2:], stride, padding, dilation)
            product = pixels[images, rows].reshape(len(columns), -1)
            np.matmul(columns, matrix, out=product)
            if bias is not None:
                np.add(product, bias, out=product)
            finish(images, rows)

    share_out(work, len(input))


def ConvolutionMoments_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Do what Convolution_updateOutput does, and return what batch normalization would else look for in a pass.

    Returns:
        the sums of the output and of its squares, float64 (2, nOutputPlane); or None, as here, where it is no cheaper.
    """
    Convolution_updateOutput(input, output, weight, bias, stride, padding, dilation)


def Convolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation):
    """GradInput: every output pixel hands its gradient back to the window it came from (col2im).

    With stride 1 that is a convolution too, seen from the other side: every input pixel gathers from the output pixels
    whose windows it lies in, by the kernel turned around. Gathering costs half as much as handing back.

    Shapes: as in Convolution_updateOutput; gradInput channels-last.
    """
    kernel = weight.shape[2:]
    back = [(size - 1) * gap - pad for size, gap, pad in zip(kernel, dilation, padding, strict=True)]
    if min(back) >= 0 and winograd.pays(weight, gradInput.shape[2:], stride, dilation):
        winograd.convolve(gradOutput, gradInput, weight, None, back, turned=True)
        return
    if set(stride) == {1} and min(back) >= 0:
        turned = np.flip(weight, tuple(range(2, weight.ndim))).swapaxes(0, 1)
        Convolution_updateOutput(gradOutput, gradInput, turned, None, stride, back, dilation)
        return
    matrix = _packed(weight).T

    def fill(grads, rows, columns):
        np.matmul(grads.reshape(-1, len(matrix)), matrix, out=columns.reshape(-1, matrix.shape[1]))

    col2im(gradOutput, gradInput, kernel, stride, padding, dilation, fill)


def ConvolutionAdd_updateGradInput(gradOutput, added, gradInput, weight, stride, padding, dilation):
    """GradInput = Convolution_updateGradInput's + added.

    Shapes: as in Convolution_updateGradInput; added like gradInput, and in other memory.
    """
    Convolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation)
    CAdd_updateOutput(gradInput, added, gradInput)


def Convolution_accGradParameters(input, gradOutput, gradWeight, gradBias, stride, padding, dilation, scale):
    """GradWeight += scale * (gradOutput's pixels)^T @ (input's columns); gradBias += scale * sum of those pixels.

    Shapes: as in Convolution_updateOutput; gradWeight like weight, gradBias like bias or None.
    """
    if winograd.pays(gradWeight, gradOutput.shape[2:], stride, dilation):
        winograd.accumulate(input, gradOutput, gradWeight, padding, scale)
        if gradBias is not None:
            Convolution_accGradBias(gradOutput, gradBias, scale)
        return
    kernel, dtype = gradWeight.shape[2:], gradWeight.dtype
    grads = channels_last(gradOutput, 'gradOutput')
    shape = math.prod(gradWeight.shape[1:]), len(gradWeight)
    totals = {}

    def work(number, part):
        total, product = scratch(f'gradWeight {number}', shape, dtype), scratch('gradWeight of a chunk', shape, dtype)
        total.fill(0)
        for images, rows in chunks(part, gradOutput.shape[2:], _column(gradWeight)):
            columns = im2col(input[images], rows, gradOutput.shape[2:], kernel, stride, padding, dilation)
            np.matmul(columns.T, grads[images, rows].reshape(len(columns), -1), out=product)
            np.add(total, product, out=total)  # a partial sum for each chunk rounds less than one long sum
        totals[number] = total

    share_out(work, len(input))
    for number in range(1, len(totals)):
        np.add(totals[0], totals[number], out=totals[0])
    np.multiply(totals[0], scale, out=totals[0])
    unpacked = np.moveaxis(totals[0].reshape(*kernel, *gradWeight.shape[1::-1]), (-1, -2), (0, 1))
    np.add(gradWeight, unpacked, out=gradWeight)
    if gradBias is not None:
        Convolution_accGradBias(gradOutput, gradBias, scale)


def Convolution_accGradBias(gradOutput, gradBias, scale):
    """GradBias (planes) += scale * the sum of all pixels of gradOutput (N, planes, *space)."""
    pixels = channels_last(gradOutput, 'gradOutput').reshape(-1, len(gradBias))
    np.add(gradBias, scale * sum_of_rows(pixels), out=gradBias, casting='same_kind')


def _packed(weight):
    """Return the weights as the matrix (*kernel * nInputPlane, nOutputPlane), in the order of a column."""
    rolled = np.moveaxis(weight, (0, 1), (-1, -2))
    packed = scratch('weight', rolled.shape, weight.dtype)
    np.copyto(packed, rolled)
    return packed.reshape(-1, len(weight))


def _column(weight):
    return math.prod(weight.shape[1:]) * weight.itemsize
