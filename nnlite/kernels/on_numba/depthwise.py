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
from nnlite.kernels.on_numba.windows import expect_windows
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
    _expect_windows(input.shape, output.shape, weight.shape, tuple(stride), tuple(padding))
    offset = tuple(size - 1 - pad for size, pad in zip(weight.shape[2:], padding, strict=True))
    _slide(input, output, weight[:, :, ::-1, ::-1], bias, tuple(stride), (1, 1), offset)


def DepthWiseConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation):
    """GradInput: every output pixel hands its gradient back to the window it came from.

    Shapes: as in NumPy's.
    """
    # Zeros around gradOutput are as good as nothing there, but times what is no finite number.
    if not _are_ours((gradOutput, gradInput, weight), dilation) or not np.isfinite(weight).all():
        on_numpy.DepthWiseConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation)
        return
    _expect_windows(gradInput.shape, gradOutput.shape, weight.shape, tuple(stride), tuple(padding))
    _slide(gradOutput, gradInput, weight, None, (1, 1), tuple(stride), tuple(padding))


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
    _expect_windows(input.shape, gradOutput.shape, gradWeight.shape, tuple(stride), tuple(padding))
    times, planes, *kernel = gradWeight.shape
    high, wide = (-(-size // THREE) for size in kernel)
    vectors, outputs, threads = _vectors(planes * times), planes * times, getnumthreads()
    columns = (gradOutput.shape[3] - 1) * stride[1] + wide * THREE
    pixel = vectors * LANES
    fit = (CACHE // (columns * pixel) - high * THREE) // stride[0] + 1
    band = max(1, min(fit, gradOutput.shape[2], TERMS // gradOutput.shape[3]))
    memory = aligned('memory', threads, ((band - 1) * stride[0] + high * THREE) * columns * pixel)
    totals = scratch('totals of threads', (threads, vectors, high, wide, THREE * THREE + 1, LANES), np.float64)
    maps, grads = channels_last(input, 'input'), channels_last(gradOutput, 'gradOutput')
    run(accumulate, maps, grads, totals, tuple(stride), tuple(padding), times, band, columns, memory)
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
    """Return the weights (vector of outputs, tap, output of it) and the bias or zeros (output), for whole vectors."""
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


@functools.lru_cache(SHAPES)
def _expect_windows(input, output, weight, stride, padding):
    """Raise unless shapes go together, and all windows lie on the padded input: compiled code does not look."""
    times, planes, *kernel = weight
    if (input[0], planes, input[1] * times) != (output[0], input[1], output[1]):
        raise ShapeError(f'expected {times} planes of output for each of {planes}, got maps {input} and {output}')
    expect_windows(input[2:], output[2:], kernel, stride, padding)


def _slide(maps, result, weight, bias, step, phases, offset):
    """Run `slide`, with memory for as many rows as stay in the cache."""
    kernel, planes = weight.shape[2:], max(maps.shape[1], result.shape[1])
    more = -result.shape[3] % FOUR if phases[1] == 1 else FOUR - 1  # computed with the last ones, and left out
    columns = ((result.shape[3] - 1) * step[1] + offset[1]) // phases[1] + more * step[1] + 1
    columns -= (offset[1] - kernel[1] + 1) // phases[1]
    row = columns * _vectors(planes) * LANES
    band = ((CACHE // row - 1) * phases[0] - kernel[0] + 1) // step[0] + 1
    band = max(1, min(band, result.shape[2]))
    rows = ((band - 1) * step[0] + kernel[0] - 2) // phases[0] + 2
    added = band * result.shape[3] * planes if planes > result.shape[1] else 0
    memory = aligned('memory', getnumthreads(), rows * row + added)
    run(
        slide, channels_last(maps, 'maps'), *_packed(weight, bias), pixels(result), kernel, step, phases, offset, band,
        columns, memory,
    )  # fmt: skip


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


@compiled
def _taps(place, kernel, phases):
    """Return (the last tap that sees a pixel from a place, how many do, `phases` apart, the pixel it sees)."""
    if phases == 1:  # without divisions
        return kernel - 1, kernel, place - (kernel - 1)
    count = max(0, (kernel - place % phases + phases - 1) // phases)
    return place % phases + (count - 1) * phases, count, place // phases - (count - 1)


@compiled
def _add_up(numbers, count, times, target):
    """Write the sums of so many neighbours each."""
    for at in range(count):
        total = numbers[at * times]
        for other in range(1, times):
            total += numbers[at * times + other]
        target[at] = total


@threaded
def slide(maps, weights, bias, result, kernel, step, phases, offset, band, columns, memory):
    """Result (N, oH, oW, outputs) = what each of its pixels sees of the maps (N, H, W, planes), by the weights.

    A pixel lies at place = step * its number + offset, and sees the maps' pixel p by the tap place - phases * p. For an
    output of a convolution the step is the stride, and phases are 1, its taps turned around; for the gradient of an
    input it is the other way round. Where there are more planes, or fewer, than outputs, the maps' are repeated, or the
    results added up. Rows of the result are shared out to so many threads.

    Args:
        weights, bias: (vector of repeated planes, tap, plane of it) and (plane), for whole vectors.
        kernel, step, phases, offset: along both sides.
        band: rows of the result to take at a time.
        columns: how many to cut out for these.
        memory: (threads, numbers), for what is cut out and, where results are added up, for these.
    """
    threads, (height, width, planes), out = len(memory), maps.shape[1:], result.shape[1:]
    row, left, wide = columns * LANES, (offset[1] - kernel[1] + 1) // phases[1], max(planes, out[2])
    for thread in numba.prange(threads):
        part = np.int64(thread)
        at, last = len(maps) * out[0] * part // threads, len(maps) * out[0] * (part + 1) // threads
        while at < last:
            begin, count = at % out[0] * step[0] + offset[0], min(out[0] - at % out[0], last - at, band)
            top = (begin - kernel[0] + 1) // phases[0]
            rows = (begin + (count - 1) * step[0]) // phases[0] + 1 - top
            _cut(
                pointer(maps) + at // out[0] * height * width * planes, height, width, planes, wide // planes,
                top, left, rows, columns, pointer(memory[part]),
            )  # fmt: skip
            target = pointer(result) + at * out[1] * out[2]
            if wide > out[2]:
                target = pointer(memory[part]) + len(weights) * rows * row
            for vector in range(len(weights)):
                first = vector * LANES
                for y in range(count):
                    tap_y, taps_y, there_y = _taps(begin + y * step[0], kernel[0], phases[0])
                    for x in range(min(phases[1], out[1])):
                        tap_x, taps_x, there_x = _taps(x * step[1] + offset[1], kernel[1], phases[1])
                        place = (vector * rows + there_y - top) * columns + there_x - left
                        _see(
                            pointer(memory[part]) + place * LANES, row, step[1] * LANES, (taps_y, taps_x),
                            pointer(weights[vector]) + (tap_y * kernel[1] + tap_x) * LANES,
                            -phases[0] * kernel[1] * LANES, -phases[1] * LANES, load(pointer(bias) + first),
                            target + ((y * out[1] + x) * wide + first), phases[1] * wide,
                            (out[1] - x - 1) // phases[1] + 1, wide - first,
                        )  # fmt: skip
            if wide > out[2]:
                _add_up(target, count * out[1] * out[2], wide // out[2], pointer(result) + at * out[1] * out[2])
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
def accumulate(input, gradOutput, totals, stride, padding, times, band, columns, memory):
    """Totals (threads, vector of outputs, ...) = the sums of each thread's rows of gradOutput: see `_accumulate`.

    Args:
        stride, padding: along both sides.
        times: how many outputs there are for each plane.
        band, columns, memory: as in `slide`.
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
