"""Pooling over two sides, compiled: each output pixel looks at its window once, and each input pixel is written once.

What these kernels are not for is NumPy's: other numbers than float32, one side or three.
"""

import numba
import numpy as np

from nnlite.kernels import on_numpy
from nnlite.kernels.on_numba.compiling import compiled, run, threaded
from nnlite.kernels.on_numba.memory import pixels
from nnlite.kernels.on_numba.simd import LANES, fma, load, load_first, pointer, splat, store_first
from nnlite.kernels.on_numpy.scratch import channels_last
from nnlite.tensor.threads import getnumthreads


def MaxPooling_updateOutput(input, output, indices, kernel, stride, padding, dilation):
    """Output = the largest input in each window; equal inputs: the first one wins; indices: where it stood.

    Shapes and indices: as in NumPy's.
    """
    if not _are_ours(input, output):
        on_numpy.MaxPooling_updateOutput(input, output, indices, kernel, stride, padding, dilation)
        return
    geometry = tuple(kernel), tuple(stride), tuple(padding), tuple(dilation)
    run(find_largest, channels_last(input, 'input'), pixels(output), pixels(indices), *geometry, getnumthreads())


def MaxPooling_updateGradInput(gradOutput, indices, gradInput, kernel, stride, padding, dilation):
    """GradInput: each output pixel hands its gradient to the input pixel it was taken from; windows may overlap."""
    count = gradInput.shape[2] * gradInput.shape[3] if gradInput.ndim == 4 else 0
    # Compiled code does not look where it writes: what is no pixel of the map is NumPy's to refuse.
    if not _are_ours(gradOutput, gradInput) or indices.max() > count:
        on_numpy.MaxPooling_updateGradInput(gradOutput, indices, gradInput, kernel, stride, padding, dilation)
        return
    places, grads = channels_last(indices, 'indices'), channels_last(gradOutput, 'gradOutput')
    run(hand_to_largest, grads, places, pixels(gradInput), getnumthreads())


def AveragePooling_updateOutput(input, output, kernel, stride, padding, countIncludePad):
    """Output = the mean over each window; padding counts as zeros that are, or are not, among the counted pixels."""
    if not _are_ours(input, output):
        on_numpy.AveragePooling_updateOutput(input, output, kernel, stride, padding, countIncludePad)
        return
    geometry = tuple(kernel), tuple(stride), tuple(padding)
    run(average, channels_last(input, 'input'), pixels(output), *geometry, countIncludePad, getnumthreads())


def AveragePooling_updateGradInput(gradOutput, gradInput, kernel, stride, padding, countIncludePad):
    """GradInput: each output pixel hands an equal share of its gradient to the pixels of its window."""
    if not _are_ours(gradOutput, gradInput):
        on_numpy.AveragePooling_updateGradInput(gradOutput, gradInput, kernel, stride, padding, countIncludePad)
        return
    grads, geometry = channels_last(gradOutput, 'gradOutput'), (tuple(kernel), tuple(stride), tuple(padding))
    run(hand_shares, grads, pixels(gradInput), *geometry, countIncludePad, getnumthreads())


def AdaptiveAveragePooling_updateOutput(input, output):
    """Output (N, C, oH, oW) = the mean over each of the windows that cover the input (N, C, H, W)."""
    if output.shape[2:] == (1, 1):
        AveragePooling_updateOutput(input, output, input.shape[2:], (1, 1), (0, 0), True)
    else:
        on_numpy.AdaptiveAveragePooling_updateOutput(input, output)


def AdaptiveAveragePooling_updateGradInput(gradOutput, gradInput):
    """GradInput: each output pixel hands an equal share of its gradient to the pixels of its window."""
    if gradOutput.shape[2:] == (1, 1):
        AveragePooling_updateGradInput(gradOutput, gradInput, gradInput.shape[2:], (1, 1), (0, 0), True)
    else:
        on_numpy.AdaptiveAveragePooling_updateGradInput(gradOutput, gradInput)


def _are_ours(*arrays):
    """Return whether these kernels can compute with such arrays."""
    return all(array.ndim == 4 and array.dtype == np.float32 and array.size > 0 for array in arrays)


@threaded
def find_largest(input, output, indices, kernel, stride, padding, dilation, threads):
    """Output (N, oH, oW, planes) = the largest of each window of the input (N, H, W, planes); rows by so many threads.

    Indices, like output: the number of its pixel from 1, or 0 where none is larger than -inf.
    """
    (height, width), (rows, columns, planes) = input.shape[1:3], output.shape[1:]
    units = len(input) * rows
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for unit in range(units * part // threads, units * (part + 1) // threads):
            image, row = unit // rows, unit % rows
            for column in range(columns):
                best, where = output[image, row, column], indices[image, row, column]
                for plane in range(planes):
                    best[plane], where[plane] = -np.inf, 0
                top, left = row * stride[0] - padding[0], column * stride[1] - padding[1]
                for y in range(top, top + kernel[0] * dilation[0], dilation[0]):
                    for x in range(left, left + kernel[1] * dilation[1], dilation[1]):
                        if 0 <= y < height and 0 <= x < width:
                            _challenge(input[image, y, x], y * width + x + 1, best, where)


@compiled
def _challenge(values, number, best, where):
    """Where a pixel's values are larger than the best so far, they become the best, and its number theirs."""
    for plane in range(len(best)):
        larger = values[plane] > best[plane]
        best[plane] = values[plane] if larger else best[plane]
        where[plane] = number if larger else where[plane]


@threaded
def hand_to_largest(grads, indices, gradInput, threads):
    """GradInput (N, H, W, planes) = the sum of the grads whose indices name the pixel; images by so many threads."""
    width, planes = gradInput.shape[2:]
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for image in range(len(grads) * part // threads, len(grads) * (part + 1) // threads):
            gradInput[image] = 0
            for row in range(grads.shape[1]):
                for column in range(grads.shape[2]):
                    for plane in range(planes):
                        pixel = indices[image, row, column, plane] - 1
                        if pixel >= 0:
                            gradInput[image, pixel // width, pixel % width, plane] += grads[image, row, column, plane]


@compiled
def _window(place, kernel, stride, padding, size, includes):
    """Return (first, behind the last, counted): a window's pixels on one side of a map, and how many count."""
    begin = place * stride - padding
    end = min(begin + kernel, size + padding)
    first, last = max(0, begin), min(size, end)
    return first, last, end - begin if includes else last - first


@threaded
def average(input, output, kernel, stride, padding, includes, threads):
    """Output (N, oH, oW, planes) = the mean of each window of the input (N, H, W, planes); rows by so many threads.

    Args:
        includes: whether padding is among the counted pixels.
    """
    (height, width), (rows, columns, planes) = input.shape[1:3], output.shape[1:]
    units = len(input) * rows
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for unit in range(units * part // threads, units * (part + 1) // threads):
            image = pointer(input) + unit // rows * height * width * planes
            top, bottom, high = _window(unit % rows, kernel[0], stride[0], padding[0], height, includes)
            for column in range(columns):
                left, right, wide = _window(column, kernel[1], stride[1], padding[1], width, includes)
                share = splat(np.float32(1 / (high * wide)))
                result = pointer(output) + (unit * columns + column) * planes
                for plane in range(0, planes, LANES):
                    total, whole = splat(np.float32(0)), plane + LANES <= planes
                    for y in range(top, bottom):
                        for x in range(left, right):
                            place = image + ((y * width + x) * planes + plane)
                            total = total + (load(place) if whole else load_first(place, planes - plane))
                    store_first(result + plane, total * share, planes - plane)


@compiled
def _windows_over(place, kernel, stride, padding, count):
    """Return the first of the windows that a pixel lies in, and the one behind the last, on one side of a map."""
    return max(0, (place + padding - kernel) // stride + 1), min(count, (place + padding) // stride + 1)


@threaded
def hand_shares(grads, gradInput, kernel, stride, padding, includes, threads):
    """GradInput (N, H, W, planes) = the sum of the shares of all windows over the pixel; rows by so many threads.

    Args:
        grads: of the output, (N, oH, oW, planes).
        includes: as in `average`.
    """
    (rows, columns), (height, width, planes) = grads.shape[1:3], gradInput.shape[1:]
    units = len(grads) * height
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for unit in range(units * part // threads, units * (part + 1) // threads):
            image = pointer(grads) + unit // height * rows * columns * planes
            top, bottom = _windows_over(unit % height, kernel[0], stride[0], padding[0], rows)
            for x in range(width):
                left, right = _windows_over(x, kernel[1], stride[1], padding[1], columns)
                result = pointer(gradInput) + (unit * width + x) * planes
                for plane in range(0, planes, LANES):
                    total = splat(np.float32(0))
                    for row in range(top, bottom):
                        high = _window(row, kernel[0], stride[0], padding[0], height, includes)[2]
                        for column in range(left, right):
                            wide = _window(column, kernel[1], stride[1], padding[1], width, includes)[2]
                            grad = load_first(image + ((row * columns + column) * planes + plane), planes - plane)
                            total = fma(splat(np.float32(1 / (high * wide))), grad, total)
                    store_first(result + plane, total, planes - plane)
