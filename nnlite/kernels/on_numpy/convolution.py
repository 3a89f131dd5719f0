"""Convolution as im2col + GEMM, over any number of spatial dimensions.

Every output pixel is a dot product of the weights with the window of the input under it. im2col copies these windows
side by side, a row for each output pixel, so that one matrix product does them all; with K = *kernel * nInputPlane,

    output (pixels, nOutputPlane) = columns (pixels, K) @ weight (K, nOutputPlane)

The columns of a whole batch would be the kernel's size times larger than the batch. They are made for as many images
(or rows of one image) at a time as fit COLUMNS_BUDGET, which the cache holds, and the same memory serves every chunk.

Maps lie channels-last: the rows of the product *are* the output's pixels, and a window's row of pixels is contiguous.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows

COLUMNS_BUDGET = 1 << 22  # bytes; from 2 to 8 MB are alike, with less the adding up of weight gradients shows


def SpatialConvolution_updateOutput(input, output, weight, bias, stride, padding):
    """Output[n, o, y] = bias[o] + sum over c, k of weight[o, c, k] input[n, c, y * stride + k - padding].

    Shapes: input (N, nInputPlane, *space), output (N, nOutputPlane, *out) channels-last,
    weight (nOutputPlane, nInputPlane, *kernel), bias (nOutputPlane) or None; stride, padding: one for each of *space.
    """
    matrix = _packed(weight)
    pixels = np.moveaxis(output, 1, -1)
    for images, rows in _chunks(output, weight):
        columns = _im2col(input[images], rows, pixels[images].shape[1:-1], weight.shape[2:], stride, padding)
        part = pixels[images, rows].reshape(len(columns), -1)
        np.matmul(columns, matrix, out=part)
        if bias is not None:
            np.add(part, bias, out=part)


def SpatialConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding):
    """GradInput: every output pixel hands its gradient back to the window it came from (col2im).

    With stride 1 that is a convolution too, seen from the other side: every input pixel gathers from the output pixels
    whose windows it lies in, by the kernel turned around. Gathering costs half as much as handing back.

    Shapes: as in SpatialConvolution_updateOutput; gradInput channels-last.
    """
    back = [size - 1 - pad for size, pad in zip(weight.shape[2:], padding, strict=True)]
    if set(stride) == {1} and min(back) >= 0:
        turned = np.flip(weight, tuple(range(2, weight.ndim))).swapaxes(0, 1)
        SpatialConvolution_updateOutput(gradOutput, gradInput, turned, None, stride, back)
        return
    matrix = _packed(weight)
    kernel, space = weight.shape[2:], gradInput.shape[2:]
    grads, images_grads = np.moveaxis(gradInput, 1, -1), channels_last(gradOutput, 'gradOutput')
    padded_size = [size + 2 * pad for size, pad in zip(space, padding, strict=True)]
    inside = tuple(slice(pad, pad + size) for size, pad in zip(space, padding, strict=True))
    padded = None
    for images, rows in _chunks(gradOutput, weight):
        part = images_grads[images, rows]
        if padded is None or rows.start == 0:
            padded = scratch('padded', (len(part), *padded_size, grads.shape[-1]), grads.dtype)
            padded.fill(0)
        columns = scratch('columns', (*part.shape[:-1], *kernel, grads.shape[-1]), grads.dtype)
        np.matmul(part.reshape(-1, part.shape[-1]), matrix.T, out=columns.reshape(-1, matrix.shape[0]))
        for offset in np.ndindex(*kernel):
            first = [rows.start * stride[0] + offset[0], *offset[1:]]
            window = tuple(
                slice(begin, begin + (size - 1) * step + 1, step)
                for begin, size, step in zip(first, part.shape[1:-1], stride, strict=True)
            )
            target = padded[(slice(None), *window)]
            np.add(target, columns[(Ellipsis, *offset, slice(None))], out=target)
        if rows.stop == gradOutput.shape[2]:
            np.copyto(grads[images], padded[(slice(None), *inside)])


def SpatialConvolution_accGradParameters(input, gradOutput, gradWeight, gradBias, stride, padding, scale):
    """GradWeight += scale * (gradOutput's pixels)^T @ (input's columns); gradBias += scale * sum of those pixels.

    Shapes: as in SpatialConvolution_updateOutput; gradWeight like weight, gradBias like bias or None.
    """
    kernel, dtype = gradWeight.shape[2:], gradWeight.dtype
    grads = channels_last(gradOutput, 'gradOutput')
    shape = math.prod(gradWeight.shape[1:]), len(gradWeight)
    total, part = scratch('gradWeight', shape, dtype), scratch('gradWeight of a chunk', shape, dtype)
    total.fill(0)
    for images, rows in _chunks(gradOutput, gradWeight):
        columns = _im2col(input[images], rows, gradOutput.shape[2:], kernel, stride, padding)
        np.matmul(columns.T, grads[images, rows].reshape(len(columns), -1), out=part)
        np.add(total, part, out=total)  # a partial sum for each chunk rounds less than one long sum
    np.multiply(total, scale, out=total)
    packed = total.reshape(*kernel, gradWeight.shape[1], len(gradWeight))
    np.add(gradWeight, np.moveaxis(packed, (-1, -2), (0, 1)), out=gradWeight)
    if gradBias is not None:
        np.add(gradBias, scale * sum_of_rows(grads.reshape(-1, len(gradBias))), out=gradBias, casting='same_kind')


def _packed(weight):
    """Return the weights as the matrix (*kernel * nInputPlane, nOutputPlane), in the order of a column."""
    rolled = np.moveaxis(weight, (0, 1), (-1, -2))
    packed = scratch('weight', rolled.shape, weight.dtype)
    np.copyto(packed, rolled)
    return packed.reshape(-1, len(weight))


def _chunks(output, weight):
    """Yield (images, rows), slices of output's batch and first spatial dimension whose columns fit the budget."""
    batch, _, height, *rest = output.shape
    row = math.prod(rest) * math.prod(weight.shape[1:]) * weight.itemsize
    images = max(1, COLUMNS_BUDGET // (row * height))
    rows = height if images > 1 else max(1, min(height, COLUMNS_BUDGET // row))
    for image in range(0, batch, images):
        for first in range(0, height, rows):
            yield slice(image, min(batch, image + images)), slice(first, min(height, first + rows))


def _im2col(input, rows, out, kernel, stride, padding):
    """Return the columns of some rows of output pixels: (pixels, *kernel * nInputPlane)."""
    pixels = np.moveaxis(input, 1, -1)
    if {*kernel, *stride} == {1} and not any(padding) and pixels.flags.c_contiguous:
        return pixels[:, rows].reshape(-1, pixels.shape[-1])  # each window is a pixel: these are the columns
    if any(padding):
        pixels = _padded(pixels, padding)
    batch, *space, planes = pixels.strides
    begin = pixels[:, rows.start * stride[0] :]
    out = (rows.stop - rows.start, *out[1:])
    windows = as_strided(
        begin,
        (len(pixels), *out, *kernel, pixels.shape[-1]),
        (batch, *(step * s for step, s in zip(stride, space, strict=True)), *space, planes),
        writeable=False,
    )
    columns = scratch('columns', windows.shape, pixels.dtype)
    np.copyto(columns, windows)
    return columns.reshape(len(pixels) * math.prod(out), -1)


def _padded(pixels, padding):
    """Return pixels (N, *space, C) with a frame of zeros around them."""
    shape = [size + 2 * pad for size, pad in zip(pixels.shape[1:-1], padding, strict=True)]
    padded = scratch('padded', (len(pixels), *shape, pixels.shape[-1]), pixels.dtype)
    padded.fill(0)
    inside = tuple(slice(pad, pad + size) for size, pad in zip(pixels.shape[1:-1], padding, strict=True))
    np.copyto(padded[(slice(None), *inside)], pixels)
    return padded
