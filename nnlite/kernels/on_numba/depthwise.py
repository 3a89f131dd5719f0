"""Convolution of each plane by a kernel of its own, over two sides, compiled: sums of vectors of planes in registers.

Maps lie channels-last. What a band of rows sees is cut out first, with the padding around it, so that the pixels of one
vector of planes lie side by side: what is in a window is then a known number of bytes apart, and there are no borders.
With a multiplier several planes of the output see the same one of the input, which is cut out as often.

What these kernels are not for is NumPy's: other numbers than float32, one side or three, dilation.
"""

import functools
import math

import numba
import numpy as np

from nnlite.errors import ShapeError
from nnlite.kernels.on_numba.compiling import compiled, run, threaded
from nnlite.kernels.on_numba.memory import aligned, pixels
from nnlite.kernels.on_numba.simd import (
    LANES,
    fma,
    load,
    load_first,
    pointer,
    room,
    splat,
    store,
    store_first,
    stores,
)
from nnlite.kernels.on_numpy import depthwise as on_numpy
from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.tensor.threads import getnumthreads

CACHE = 1 << 17  # numbers, about, that a thread cuts out at a time: they stay in the cache that a core has for itself
TERMS = 512  # of a sum over pixels, in partial sums of so many: long ones round more
FOUR = 4  # outputs that are computed together
THREE = 3  # taps, along both sides, whose gradients are
SHAPES = 512  # that are remembered, with what follows from them


def DepthWiseConvolution_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Output[n, c * M + m, y] = bias[m, c] + sum over k of weight[m, c, k] input[n, c, y * stride + k - padding].

    Shapes: as in NumPy's.
    """
    if not _are_ours((input, output, weight), dilation):
        on_numpy.DepthWiseConvolution_updateOutput(input, output, weight, bias, stride, padding, dilation)
        return
    kernel, geometry = _packed(weight, bias), _geometry(0, input, output, weight, stride, padding)
    run(convolve, channels_last(input, 'input'), *kernel, pixels(output), *geometry)


def DepthWiseConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation):
    """GradInput: every output pixel hands its gradient back to the window it came from.

    Shapes: as in NumPy's.
    """
    # Zeros around gradOutput are as good as nothing there, but times what is no finite number.
    if not _are_ours((gradOutput, gradInput, weight), dilation) or not np.isfinite(weight).all():
        on_numpy.DepthWiseConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation)
        return
    kernel, geometry = _packed(weight, None), _geometry(1, gradInput, gradOutput, weight, stride, padding)
    run(convolve_back, channels_last(gradOutput, 'gradOutput'), *kernel, pixels(gradInput), *geometry)


def DepthWiseConvolution_accGradParameters(
    input, gradOutput, gradWeight, gradBias, stride, padding, dilation, scale
):  # fmt: skip
    """GradWeight += scale * the sum over pixels of gradOutput times what they saw of the input; gradBias likewise.

    Shapes: as in NumPy's.
    """
    if not _are_ours((input, gradOutput, gradWeight), dilation):
        on_numpy.DepthWiseConvolution_accGradParameters(
            input, gradOutput, gradWeight, gradBias, stride, padding, dilation, scale
        )  # fmt: skip
        return
    geometry = _geometry(2, input, gradOutput, gradWeight, stride, padding)
    times, planes, *kernel = gradWeight.shape
    high, wide = (-(-size // THREE) for size in kernel)
    vectors, outputs = _vectors(planes * times), planes * times
    totals = scratch('totals of threads', (getnumthreads(), vectors, high, wide, THREE * THREE + 1, LANES), np.float64)
    run(accumulate, channels_last(input, 'input'), channels_last(gradOutput, 'gradOutput'), totals, *geometry)
    total = totals.sum(axis=0) * scale
    taps = total[:, :, :, :-1].reshape(vectors, high, wide, THREE, THREE, LANES).transpose(1, 3, 2, 4, 0, 5)
    taps = taps.reshape(high * THREE, wide * THREE, vectors * LANES)[: kernel[0], : kernel[1], :outputs]
    _add(gradWeight, taps.reshape(*kernel, planes, times).transpose(3, 2, 0, 1))
    if gradBias is not None:
        _add(gradBias, total[:, 0, 0, -1].reshape(-1)[:outputs].reshape(planes, times).T)


def _add(total, term):
    np.add(total, term, out=total, casting='same_kind')


def _are_ours(arrays, dilation):
    """Return whether these kernels can compute with such arrays."""
    return set(dilation) == {1} and all(
        array.ndim == 4 and array.dtype == np.float32 and array.size > 0 for array in arrays
    )  # fmt: skip


def _vectors(planes):
    return -(-planes // LANES)


def _packed(weight, bias):
    """Return the weights (vector of outputs, tap, output of it) and their bias or zeros (output), for whole vectors."""
    times, planes, *kernel = weight.shape
    outputs, vectors = planes * times, _vectors(planes * times)
    wide, shift = aligned('weights', vectors * LANES, math.prod(kernel)), aligned('bias', vectors * LANES)
    wide[outputs:] = 0
    wide[:outputs] = weight.swapaxes(0, 1).reshape(outputs, -1)
    packed = aligned('packed weights', vectors, math.prod(kernel), LANES)
    np.copyto(packed, wide.reshape(vectors, LANES, -1).swapaxes(1, 2))
    shift[:] = 0
    if bias is not None:
        shift[:outputs] = bias.T.reshape(-1)
    return packed, shift


def _geometry(which, input, output, weight, stride, padding):
    """Return what the kernel of a pass takes besides arrays: output, gradInput and gradients of the weight are passes.

    Returns:
        (kernel, stride, padding, multiplier, rows of results to take at a time, columns to cut out for these, memory)
    """
    stride, padding = tuple(stride), tuple(padding)
    band, columns, numbers = _sizes(input.shape, output.shape, weight.shape, stride, padding)[which]
    memory = aligned('memory', getnumthreads(), numbers)
    return weight.shape[2:], stride, padding, len(weight), band, columns, memory


@functools.lru_cache(SHAPES)
def _sizes(input, output, weight, stride, padding):
    """Return, for each pass, (rows of results to take at a time, columns to cut out, numbers that a thread keeps).

    Raises:
        ShapeError: the arrays do not go together: compiled code does not look.
    """
    times, planes, *kernel = weight
    if (input[0], planes, input[1] * times) != (output[0], input[1], output[1]):
        raise ShapeError(f'expected {times} planes of output for each of {planes}, got maps {input} and {output}')
    sides = zip(input[2:], output[2:], kernel, stride, padding, strict=True)
    if any((count - 1) * step + size > side + 2 * pad for side, count, size, step, pad in sides):
        raise ShapeError(f'expected no more windows than maps of {input[2:]} have, got {output[2:]}')
    pixel = _vectors(output[1]) * LANES
    return (
        _output_sizes(input, output, kernel, stride, pixel),
        _gradInput_sizes(input, output, kernel, stride, padding, pixel, times),
        _gradWeight_sizes(input, output, kernel, stride, pixel),
    )


def _output_sizes(input, output, kernel, stride, pixel):
    columns = (-(-output[3] // FOUR) * FOUR - 1) * stride[1] + kernel[1]
    fit = (CACHE // (columns * pixel) - kernel[0]) // stride[0] + 1
    band = max(1, min(fit, output[2]))
    return band, columns, ((band - 1) * stride[0] + kernel[0]) * columns * pixel


def _gradInput_sizes(input, output, kernel, stride, padding, pixel, times):
    columns = (input[3] - 1 + padding[1]) // stride[1] + FOUR - (padding[1] - kernel[1] + 1) // stride[1]
    fit = (CACHE // (columns * pixel) - 2) * stride[0] - kernel[0] + 2
    band = max(1, min(fit, input[2]))
    rows = (band + kernel[0] - 2) // stride[0] + 2
    return band, columns, rows * columns * pixel + (band * input[3] * output[1] if times > 1 else 0)


def _gradWeight_sizes(input, output, kernel, stride, pixel):
    high, wide = (-(-size // THREE) * THREE for size in kernel)
    columns = (output[3] - 1) * stride[1] + wide
    fit = (CACHE // (columns * pixel) - high) // stride[0] + 1
    band = max(1, min(fit, output[2], TERMS // output[3]))
    return band, columns, ((band - 1) * stride[0] + high) * columns * pixel


@compiled
def _cut(image, height, width, planes, times, top, left, rows, columns, window):
    """Copy rows x columns pixels whose corner is (top, left) out of an image, with zeros for those outside.

    Args:
        image: (height, width, planes).
        times: how often each plane is copied.
        window: where to: (vector of planes, row, column, plane of it), with zeros where there are no more planes.
    """
    size = rows * columns * LANES
    vectors = (planes * times + LANES - 1) // LANES
    first, last = min(max(left, 0), left + columns), max(min(left + columns, width), left)
    for y in range(top, top + rows):
        inside = 0 <= y < height
        _clear(window, size, vectors, first - left if inside else columns)
        if inside:
            target = window + (first - left) * LANES
            if times == 1:
                _copy(image + (y * width + first) * planes, planes, last - first, target, size)
            else:
                _copy_repeated(image + (y * width + first) * planes, planes, times, last - first, target, size, vectors)
            _clear(window + (last - left) * LANES, size, vectors, left + columns - last)
        window = window + columns * LANES


@compiled
def _clear(target, size, vectors, columns):
    for vector in range(vectors):
        for x in range(columns):
            store(target + (vector * size + x * LANES), splat(np.float32(0)))


@compiled
def _copy(source, planes, columns, target, size):
    """Copy pixels into windows (vector of planes, pixel, plane of it), `size` numbers each."""
    for x in range(columns):
        place = target + x * LANES
        for plane in range(0, planes, LANES):
            rest = planes - plane
            store(place, load(source + plane) if rest >= LANES else load_first(source + plane, rest))
            place = place + size
        source = source + planes


@compiled
def _copy_repeated(source, planes, times, columns, target, size, vectors):
    """Copy pixels into windows as `_copy` does, each plane so many `times`."""
    for at in range(vectors * LANES):
        plane, place = at // times, target + (at // LANES * size + at % LANES)
        for x in range(columns):
            place[x * LANES] = source[x * planes + plane] if plane < planes else np.float32(0)


@compiled
def _see_tap(sums, factor, seen, step):
    """Return the sums of four outputs and a weight times what they see by it."""
    return (
        fma(factor, load(seen), sums[0]),
        fma(factor, load(seen + step), sums[1]),
        fma(factor, load(seen + 2 * step), sums[2]),
        fma(factor, load(seen + 3 * step), sums[3]),
    )


@compiled
def _see(seen, row, step, kernel, weights, weight_row, weight_step, start, target, pixel, columns, count):
    """Compute, for a vector of planes, a row of outputs.

    Args:
        seen: the first one's window, as `_cut` leaves it; those of others are `step` numbers apart, its rows `row`.
        kernel: its rows and columns.
        weights: of the first tap, `weight_row` from row to row and `weight_step` numbers from column to column.
        start: the bias.
        target: where the first output goes, the others `pixel` numbers apart.
        columns: how many outputs there are.
        count: how many of the planes there are.
    """
    for x in range(0, columns, FOUR):
        sums, rest = (start, start, start, start), columns - x
        for y in range(kernel[0]):
            line, weight = seen + (x * step + y * row), weights + y * weight_row
            if kernel[1] == 3:  # by far the most, and faster if so many are written out
                for tap in range(3):
                    sums = _see_tap(sums, load(weight + tap * weight_step), line + tap * LANES, step)
            else:
                for tap in range(kernel[1]):
                    sums = _see_tap(sums, load(weight + tap * weight_step), line + tap * LANES, step)
        place = target + x * pixel
        store_first(place, sums[0], count)
        store_first(place + pixel, sums[1], count if rest > 1 else 0)
        store_first(place + 2 * pixel, sums[2], count if rest > 2 else 0)
        store_first(place + 3 * pixel, sums[3], count if rest > 3 else 0)


@threaded
def convolve(input, weights, bias, output, kernel, stride, padding, times, band, columns, memory):
    """Output (N, oH, oW, outputs) = the convolution of the input (N, H, W, planes), its rows by so many threads.

    Args:
        weights, bias: (vector of outputs, tap, output of it) and (output), for whole vectors.
        kernel, stride, padding: along both sides.
        times: how many outputs there are for each plane.
        band: rows of outputs to take at a time.
        columns: how many to cut out for these.
        memory: (threads, numbers), for what is cut out.
    """
    threads, (height, width, planes), out = len(memory), input.shape[1:], output.shape[1:]
    row = columns * LANES
    for thread in numba.prange(threads):
        part = np.int64(thread)
        at, last = len(input) * out[0] * part // threads, len(input) * out[0] * (part + 1) // threads
        while at < last:
            count = min(out[0] - at % out[0], last - at, band)
            rows = (count - 1) * stride[0] + kernel[0]
            _cut(
                pointer(input) + at // out[0] * height * width * planes, height, width, planes, times,
                at % out[0] * stride[0] - padding[0], -padding[1], rows, columns, pointer(memory[part]),
            )  # fmt: skip
            for vector in range(len(weights)):
                first = vector * LANES
                for y in range(count):
                    _see(
                        pointer(memory[part]) + (vector * rows + y * stride[0]) * row, row, stride[1] * LANES, kernel,
                        pointer(weights[vector]), kernel[1] * LANES, LANES, load(pointer(bias) + first),
                        pointer(output) + ((at + y) * out[1] * out[2] + first), out[2], out[1], out[2] - first,
                    )  # fmt: skip
            at += count


@compiled
def _phase(place, kernel, stride):
    """Return what a pixel sees, its place counted with the padding: (first tap, taps, first output).

    Its taps are `stride` apart, the first being the last one that reaches it.
    """
    count = max(0, (kernel - place % stride + stride - 1) // stride)
    return place % stride + (count - 1) * stride, count, place // stride - (count - 1)


@compiled
def _add_up(numbers, count, times, target):
    """Write the sums of so many neighbours each."""
    for at in range(count):
        total = numbers[at * times]
        for other in range(1, times):
            total += numbers[at * times + other]
        target[at] = total


@threaded
def convolve_back(gradOutput, weights, zeros, gradInput, kernel, stride, padding, times, band, columns, memory):
    """GradInput (N, H, W, planes) = what gradOutput (N, oH, oW, outputs) hands back, its rows by so many threads.

    Pixels of a row that leave the same rest when divided by the stride see the same taps of the kernel: theirs are
    outputs of a convolution of gradOutput with these taps, turned around, of stride 1.

    Args:
        weights, zeros, kernel, stride, padding, times: as in `convolve`.
        band, columns, memory: as there; the memory also for gradients of repeated planes, where they are.
    """
    threads, out, (height, width, planes) = len(memory), gradOutput.shape[1:], gradInput.shape[1:]
    row, left = columns * LANES, (padding[1] - kernel[1] + 1) // stride[1]
    for thread in numba.prange(threads):
        part = np.int64(thread)
        at, last = len(gradInput) * height * part // threads, len(gradInput) * height * (part + 1) // threads
        while at < last:
            begin = at % height + padding[0]
            count = min(height - at % height, last - at, band)
            top = (begin - kernel[0] + 1) // stride[0]
            rows = (begin + count - 1) // stride[0] + 1 - top
            _cut(
                pointer(gradOutput) + at // height * out[0] * out[1] * out[2], out[0], out[1], out[2], 1,
                top, left, rows, columns, pointer(memory[part]),
            )  # fmt: skip
            result = pointer(gradInput) + at * width * planes
            target = result if times == 1 else pointer(memory[part]) + len(weights) * rows * row
            for vector in range(len(weights)):
                for y in range(count):
                    tap_y, high, there_y = _phase(begin + y, kernel[0], stride[0])
                    for x in range(min(stride[1], width)):
                        tap_x, wide, there_x = _phase(x + padding[1], kernel[1], stride[1])
                        place = (vector * rows + there_y - top) * columns + there_x - left
                        _see(
                            pointer(memory[part]) + place * LANES, row, LANES, (high, wide),
                            pointer(weights[vector]) + (tap_y * kernel[1] + tap_x) * LANES,
                            -stride[0] * kernel[1] * LANES, -stride[1] * LANES, load(pointer(zeros)),
                            target + ((y * width + x) * out[2] + vector * LANES), stride[1] * out[2],
                            (width - x - 1) // stride[1] + 1, out[2] - vector * LANES,
                        )  # fmt: skip
            if times > 1:
                _add_up(target, count * width * planes, times, result)
            at += count


@compiled
def _sum_three(sums, grad, seen):
    """Return the sums of three taps side by side and a gradient times what is seen there."""
    return (
        fma(grad, load(seen), sums[0]),
        fma(grad, load(seen + LANES), sums[1]),
        fma(grad, load(seen + 2 * LANES), sums[2]),
    )


@compiled
def _sum_up(seen, row, step_row, step, grads, planes, count, rows, columns, sums):
    """Write the sums over all outputs of gradients times what is seen by THREE x THREE taps, and of the gradients.

    Args:
        seen: the first one's window, as `_cut` leaves it, its rows `row` numbers apart.
        step_row, step: from window to window along both sides, in numbers.
        grads: (rows, columns, planes), of which `count` are looked at, LANES at most.
    """
    zero = splat(np.float32(0))
    upper, middle, lower, total = (zero, zero, zero), (zero, zero, zero), (zero, zero, zero), zero
    for _ in range(rows):
        here = seen
        for _ in range(columns):
            grad = load_first(grads, count)
            upper = _sum_three(upper, grad, here)
            middle = _sum_three(middle, grad, here + row)
            lower = _sum_three(lower, grad, here + 2 * row)
            total = total + grad
            grads, here = grads + planes, here + step
        seen = seen + step_row
    stores(sums, LANES, upper)
    stores(sums + 3 * LANES, LANES, middle)
    stores(sums + 6 * LANES, LANES, lower)
    store(sums + 9 * LANES, total)


@compiled
def _accumulate(window, row, stride, grads, planes, count, rows, columns, totals):
    """Add what a band gives to the totals (THREE rows, THREE columns of taps, sum, LANES) of a vector of planes."""
    sums = room(10)
    for y in range(totals.shape[0]):
        for x in range(totals.shape[1]):
            seen = window + (y * THREE * row + x * THREE * LANES)
            _sum_up(seen, row, stride[0] * row, stride[1] * LANES, grads, planes, count, rows, columns, sums)
            for number in range(totals.shape[2]):
                for lane in range(LANES):
                    totals[y, x, number, lane] += sums[number * LANES + lane]


@threaded
def accumulate(input, gradOutput, totals, kernel, stride, padding, times, band, columns, memory):
    """Totals (threads, vector of outputs, ...) = the sums of each thread's rows of gradOutput: see `_accumulate`.

    Args:
        kernel, stride, padding, times, band, columns, memory: as in `convolve`.
    """
    threads, (height, width, planes), out = len(memory), input.shape[1:], gradOutput.shape[1:]
    vectors, row = totals.shape[1], columns * LANES
    for thread in numba.prange(threads):
        part = np.int64(thread)
        totals[part] = 0
        at, last = len(input) * out[0] * part // threads, len(input) * out[0] * (part + 1) // threads
        while at < last:
            count = min(out[0] - at % out[0], last - at, band)
            rows = (count - 1) * stride[0] + totals.shape[2] * THREE
            window = pointer(memory[part])
            _cut(
                pointer(input) + at // out[0] * height * width * planes, height, width, planes, times,
                at % out[0] * stride[0] - padding[0], -padding[1], rows, columns, window,
            )  # fmt: skip
            for vector in range(vectors):
                _accumulate(
                    window + vector * rows * row, row, stride,
                    pointer(gradOutput) + (at * out[1] * out[2] + vector * LANES), out[2], out[2] - vector * LANES,
                    count, out[1], totals[part, vector],
                )  # fmt: skip
            at += count
