"""Convolution as im2col + GEMM, over any number of spatial dimensions.

Every output pixel is a dot product of the weights with the window of the input under it. im2col copies these windows
side by side, a row for each output pixel, so that one matrix product does them all; with K = *kernel * nInputPlane,

    output (pixels, nOutputPlane) = columns (pixels, K) @ weight (K, nOutputPlane)

The columns of a whole batch would be the kernel's size times larger than the batch. They are made for as many images
(or rows of one image) at a time as fit COLUMNS_BUDGET, which the cache holds, and the same memory serves every chunk.
Each thread has some of the images, and columns of its own.

Maps lie channels-last: the rows of the product *are* the output's pixels, and a window's row of pixels is contiguous.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnlite.errors import ShapeError
from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows
from nnlite.tensor.threads import share_out

COLUMNS_BUDGET = 1 << 22  # bytes; from 2 to 8 MB are alike, with less the adding up of weight gradients shows


def SpatialConvolution_updateOutput(input, output, weight, bias, stride, padding):
    """Output[n, o, y] = bias[o] + sum over c, k of weight[o, c, k] input[n, c, y * stride + k - padding].

    Shapes: input (N, nInputPlane, *space), output (N, nOutputPlane, *out) channels-last,
    weight (nOutputPlane, nInputPlane, *kernel), bias (nOutputPlane) or None; stride, padding: one for each of *space.
    """
    matrix, pixels = _packed(weight), np.moveaxis(output, 1, -1)

    def work(_, part):
        for images, rows in _chunks(part, output, weight):
            columns = _im2col(input[images], rows, output.shape[2:], weight.shape[2:], stride, padding)
            product = pixels[images, rows].reshape(len(columns), -1)
            np.matmul(columns, matrix, out=product)
            if bias is not None:
                np.add(product, bias, out=product)

    share_out(work, len(input))


def SpatialConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding):
    """GradInput: every output pixel hands its gradient back to the window it came from (col2im).

    With stride 1 that is a convolution too, seen from the other side: every input pixel gathers from the output pixels
    whose windows it lies in, by the kernel turned around. Gathering costs half as much as handing back.

    Shapes: as in SpatialConvolution_updateOutput; gradInput channels-last.
    """
    kernel = weight.shape[2:]
    back = [size - 1 - pad for size, pad in zip(kernel, padding, strict=True)]
    if set(stride) == {1} and min(back) >= 0:
        turned = np.flip(weight, tuple(range(2, weight.ndim))).swapaxes(0, 1)
        SpatialConvolution_updateOutput(gradOutput, gradInput, turned, None, stride, back)
        return
    matrix, grads, result = _packed(weight), channels_last(gradOutput, 'gradOutput'), np.moveaxis(gradInput, 1, -1)
    _, *space, planes = result.shape
    framed = [size + 2 * pad for size, pad in zip(space, padding, strict=True)]

    def work(_, part):
        for images, rows in _chunks(part, gradOutput, weight):
            product = grads[images, rows]
            if rows.start == 0:
                padded = _zeros((len(product), *framed, planes), result.dtype)
            columns = scratch('columns', (*product.shape[:-1], *kernel, planes), result.dtype)
            np.matmul(product.reshape(-1, product.shape[-1]), matrix.T, out=columns.reshape(-1, len(matrix)))
            for offset in np.ndindex(*kernel):
                window = padded[_window(offset, rows, product.shape[1:-1], stride)]
                np.add(window, columns[(Ellipsis, *offset, slice(None))], out=window)
            if rows.stop == gradOutput.shape[2]:
                np.copyto(result[images], padded[_block(padding, space)])

    share_out(work, len(gradOutput))


def SpatialConvolution_accGradParameters(input, gradOutput, gradWeight, gradBias, stride, padding, scale):
    """GradWeight += scale * (gradOutput's pixels)^T @ (input's columns); gradBias += scale * sum of those pixels.

    Shapes: as in SpatialConvolution_updateOutput; gradWeight like weight, gradBias like bias or None.
    """
    kernel, dtype = gradWeight.shape[2:], gradWeight.dtype
    grads = channels_last(gradOutput, 'gradOutput')
    shape = math.prod(gradWeight.shape[1:]), len(gradWeight)
    totals = {}

    def work(number, part):
        total, product = scratch(f'gradWeight {number}', shape, dtype), scratch('gradWeight of a chunk', shape, dtype)
        total.fill(0)
        for images, rows in _chunks(part, gradOutput, gradWeight):
            columns = _im2col(input[images], rows, gradOutput.shape[2:], kernel, stride, padding)
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
        np.add(gradBias, scale * sum_of_rows(grads.reshape(-1, len(gradBias))), out=gradBias, casting='same_kind')


def _packed(weight):
    """Return the weights as the matrix (*kernel * nInputPlane, nOutputPlane), in the order of a column."""
    rolled = np.moveaxis(weight, (0, 1), (-1, -2))
    packed = scratch('weight', rolled.shape, weight.dtype)
    np.copyto(packed, rolled)
    return packed.reshape(-1, len(weight))


def _chunks(part, output, weight):
    """Yield (images, rows), slices of the batch and of the first spatial dimension whose columns fit the budget."""
    height, *rest = output.shape[2:]
    row = math.prod(rest) * math.prod(weight.shape[1:]) * weight.itemsize
    images = max(1, COLUMNS_BUDGET // (row * height))
    rows = height if images > 1 else max(1, min(height, COLUMNS_BUDGET // row))
    for image in range(part.start, part.stop, images):
        for first in range(0, height, rows):
            yield slice(image, min(part.stop, image + images)), slice(first, min(height, first + rows))


def _im2col(input, rows, out, kernel, stride, padding):
    """Return the columns of some rows of output pixels: (pixels, *kernel * nInputPlane)."""
    pixels = np.moveaxis(input, 1, -1)
    if {*kernel, *stride} == {1} and not any(padding) and pixels.flags.c_contiguous:
        return pixels[:, rows].reshape(-1, pixels.shape[-1])  # each window is a pixel: these are the columns
    pixels = _band(pixels, rows, kernel[0], stride[0], padding)
    out = (rows.stop - rows.start, *out[1:])
    reach = [(count - 1) * step + size for count, step, size in zip(out, stride, kernel, strict=True)]
    if any(size > side for size, side in zip(reach, pixels.shape[1:-1], strict=True)):  # as_strided does not look
        raise ShapeError(f'expected maps of at least {reach} pixels under the windows, got {pixels.shape[1:-1]}')
    batch, *space, planes = pixels.strides
    windows = as_strided(
        pixels,
        (len(pixels), *out, *kernel, pixels.shape[-1]),
        (batch, *(step * s for step, s in zip(stride, space, strict=True)), *space, planes),
        writeable=False,
    )
    columns = scratch('columns', windows.shape, pixels.dtype)
    np.copyto(columns, windows)
    return columns.reshape(len(pixels) * math.prod(out), -1)


def _band(pixels, rows, kernel, stride, padding):
    """Return the rows of pixels (N, *space, C) that some rows of output pixels see, with the padding that they see."""
    height, *sides = pixels.shape[1:-1]
    first, last = rows.start * stride - padding[0], (rows.stop - 1) * stride + kernel - padding[0]
    seen = pixels[:, max(0, first) : max(0, last)]
    if first >= 0 and last <= height and not any(padding[1:]):
        return seen
    space = [last - first, *(side + 2 * pad for side, pad in zip(sides, padding[1:], strict=True))]
    band = _zeros((len(pixels), *space, pixels.shape[-1]), pixels.dtype)
    np.copyto(band[_block((max(0, -first), *padding[1:]), seen.shape[1:-1])], seen)
    return band


def _zeros(shape, dtype):
    zeros = scratch('padded', shape, dtype)
    zeros.fill(0)
    return zeros


def _block(corner, sizes):
    """Return the index, into a batch, of a block of pixels that begins at a corner."""
    return (slice(None), *(slice(begin, begin + size) for begin, size in zip(corner, sizes, strict=True)))


def _window(offset, rows, out, stride):
    """Return the index of the framed pixels at one offset into the windows of some rows of output pixels."""
    first = rows.start * stride[0] + offset[0], *offset[1:]
    sides = zip(first, out, stride, strict=True)
    return (slice(None), *(slice(begin, begin + (size - 1) * step + 1, step) for begin, size, step in sides))
