"""Pooling, compiled: each output pixel looks at its window once, and each input pixel is written once.

The largest are looked for over one, two or three sides: all maps are volumes, images have one frame, sequences one row
in it. What these kernels are not for is NumPy's: other numbers than float32, means over one side or three.
"""

import numba
import numpy as np

from nnlite.kernels import on_numpy
from nnlite.kernels.on_numba.compiling import compiled, run, threaded
from nnlite.kernels.on_numba.memory import pixels
from nnlite.kernels.on_numba.simd import (
    LANES,
    fma,
    load,
    load_first,
    maximum,
    pointer,
    splat,
    store_first,
    store_first_longs,
    where_at_most,
)
from nnlite.kernels.on_numpy.scratch import channels_last
from nnlite.tensor.threads import getnumthreads

EXACT = 1 << 24  # whole numbers up to it are float32
# How an index tells where the largest stood, for maps of so many sides: (whether by the number of its pixel, else how
# many bits of the index are below its offset along each side, which of the others are that offset's, and the index that
# stands for nothing).
PLACES = {
    1: (False, (0, 0, 0), (0, 0, -1), -1),
    2: (True, (0, 0, 0), (0, 0, 0), 0),
    3: (False, (0, 8, 16), (255, 255, 255), 0xFFFFFF),
}


def MaxPooling_updateOutput(input, output, indices, kernel, stride, padding, dilation):
    """Output = the largest input in each window; equal inputs: the first one wins; indices: where it stood.

    Shapes and indices: as in NumPy's.
    """
    counts, shifts, _, nothing = PLACES[len(kernel)]
    width = input.shape[-1]
    if not _are_floats(input, output) or (counts and kernel[0] * dilation[0] * width > EXACT):
        on_numpy.MaxPooling_updateOutput(input, output, indices, kernel, stride, padding, dilation)
        return
    maps = _volumes(channels_last(input, 'input'), pixels(output), pixels(indices).view(np.float32))
    steps = (0, dilation[0] * width, dilation[1]) if counts else tuple(1 << shift for shift in shifts)
    corner = (1, width, 1) if counts else (0, 0, 0)
    run(find_largest, *maps, *_three(padding, kernel, stride, dilation), steps, corner, nothing, getnumthreads())


def MaxPooling_updateGradInput(gradOutput, indices, gradInput, kernel, stride, padding, dilation):
    """GradInput: each output pixel hands its gradient to the input pixel it was taken from; windows may overlap."""
    if _are_floats(gradOutput, gradInput):
        places, grads = channels_last(indices, 'indices'), channels_last(gradOutput, 'gradOutput')
        beyond = np.zeros(getnumthreads(), np.int64)
        options = _three(padding, stride, dilation)
        run(hand_to_largest, *_volumes(grads, places, pixels(gradInput)), *options, PLACES[len(kernel)], beyond)
        if not beyond.any():
            return
    # What is no pixel of the map is NumPy's to refuse.
    on_numpy.MaxPooling_updateGradInput(gradOutput, indices, gradInput, kernel, stride, padding, dilation)


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
    """Return whether these kernels can compute means of such arrays."""
    return _are_floats(*arrays) and all(array.ndim == 4 for array in arrays)


def _are_floats(*arrays):
    """Return whether these kernels can find the largest of such arrays, or hand gradients to them."""
    return all(array.dtype == np.float32 and array.size > 0 for array in arrays)


def _volumes(*maps):
    """Return maps (N, *sides, planes) of one to three sides as views (N, T, H, W, planes)."""
    return [array.reshape(len(array), *(1,) * (5 - array.ndim), *array.shape[1:]) for array in maps]


def _three(padding, *others):
    """Return (padding, *others), each with a number for each of one to three sides, for three."""
    lacking = 3 - len(padding)
    return [(0,) * lacking + tuple(padding), *((1,) * lacking + tuple(sides) for sides in others)]


@threaded
def find_largest(input, output, indices, padding, kernel, stride, dilation, steps, corner, nothing, threads):
    """Output (N, *out, planes) = the largest of each window of the input (N, *sides, planes); rows by so many threads.

    Args:
        indices: where it stood, like output; int64, each as two numbers.
        steps: of an index, from tap to tap along each side.
        corner: (first, by_row, by_column): that of a window's first tap, at (y, x), is first + y * by_row +
            x * by_column.
        nothing: the one where nothing is larger than -inf.
    """
    shape, (depth, rows, columns, planes) = input.shape[1:4], output.shape[1:]
    units = len(input) * depth * rows
    first, by_row, by_column = corner
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for unit in range(units * part // threads, units * (part + 1) // threads):
            image, frame, row = unit // (depth * rows), unit // rows % depth, unit % rows
            source = pointer(input) + image * shape[0] * shape[1] * shape[2] * planes
            front, top = frame * stride[0] - padding[0], row * stride[1] - padding[1]
            for column in range(columns):
                left, at = column * stride[2] - padding[2], (unit * columns + column) * planes
                number = first + top * by_row + left * by_column
                _find_largest(
                    source, shape, planes, (front, top, left), kernel, dilation, pointer(output) + at,
                    pointer(indices) + 2 * at, steps, number, nothing,
                )  # fmt: skip


@compiled
def _find_largest(image, shape, planes, window, kernel, dilation, best, where, steps, number, nothing):
    """Write the largest in one window of an image of so many (frames, rows, columns), and where they stood.

    Args:
        best, where: pointers to the first of the output's planes, and of their indices.
        number: the index of the first tap's pixel.
        steps, nothing: as in `find_largest`.
    """
    for plane in range(0, planes, LANES):
        most, winner = splat(np.float32(-np.inf)), splat(np.float32(-1))
        for a in range(kernel[0]):
            for b in range(kernel[1]):
                for c in range(kernel[2]):
                    z, y, x = window[0] + a * dilation[0], window[1] + b * dilation[1], window[2] + c * dilation[2]
                    if 0 <= z < shape[0] and 0 <= y < shape[1] and 0 <= x < shape[2]:
                        place = image + (((z * shape[1] + y) * shape[2] + x) * planes + plane)
                        value = load(place) if plane + LANES <= planes else load_first(place, planes - plane)
                        larger = maximum(most, value)  # what is no number never is
                        tap = splat(np.float32(a * steps[0] + b * steps[1] + c * steps[2]))
                        winner = where_at_most(larger, most, winner, tap)
                        most = where_at_most(larger, most, most, larger)
        store_first(best + plane, most, planes - plane)
        store_first_longs(where + 2 * plane, number, winner, nothing, planes - plane)


@threaded
def hand_to_largest(grads, indices, gradInput, padding, stride, dilation, places, beyond):
    """GradInput (N, *sides, planes) = the sum of the grads whose indices name the pixel; images by so many threads.

    Args:
        places: see PLACES.
        beyond: one for each thread, to which is added how many indices name what is no pixel of the map.
    """
    threads, (frames, height, width, planes) = len(beyond), gradInput.shape[1:]
    counts, shifts, masks, nothing = places
    for thread in numba.prange(threads):
        part, wrong = np.int64(thread), 0
        for image in range(len(grads) * part // threads, len(grads) * (part + 1) // threads):
            gradInput[image] = 0
            for frame in range(grads.shape[1]):
                for row in range(grads.shape[2]):
                    for column in range(grads.shape[3]):
                        for plane in range(planes):
                            index = indices[image, frame, row, column, plane]
                            if index == nothing:
                                continue
                            if counts:
                                z, y, x = 0, (index - 1) // width, (index - 1) % width
                            else:
                                z = frame * stride[0] - padding[0] + (index >> shifts[0] & masks[0]) * dilation[0]
                                y = row * stride[1] - padding[1] + (index >> shifts[1] & masks[1]) * dilation[1]
                                x = column * stride[2] - padding[2] + (index >> shifts[2] & masks[2]) * dilation[2]
                            if 0 <= z < frames and 0 <= y < height and 0 <= x < width:
                                gradInput[image, z, y, x, plane] += grads[image, frame, row, column, plane]
                            else:
                                wrong += 1
        beyond[part] = wrong


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
