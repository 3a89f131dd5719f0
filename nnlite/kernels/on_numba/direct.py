"""Direct convolution over two sides, of any kernel and stride: each output is summed up in registers, by `multiply`.

The window under an output pixel is as many runs of contiguous numbers as the kernel has rows: a run has the pixels of a
row, each with its planes. Next to the map's border the pixels are cut out first, with the padding around them.
"""

import numba
import numpy as np

from nnlite.kernels.on_numba.compiling import compiled, threaded
from nnlite.kernels.on_numba.simd import (
    LANES,
    SUMS,
    load_first,
    multiply,
    pointer,
    rectified,
    room,
    splat,
    store_first,
    stores,
)
from nnlite.kernels.on_numba.windows import cut, paste, whole

COLUMNS = 2 * LANES  # outputs that are computed together


@compiled
def pack(weight, strides, planes, outputs, rows, taps, first, last, packed):
    """Copy the weights of the columns from `first` to `last`, which are blocks of outputs, as `multiply` reads them.

    Args:
        weight: the first one.
        strides: numbers from output to output, from plane to plane, and from tap to tap along both sides.
        planes, outputs: how many there are.
        rows, taps: which of the kernel's, each (first, step, count).
        packed: (column, row, tap, plane, output of the column), zeros where there are fewer outputs.
    """
    by_output, by_plane, by_row, by_tap = strides
    first_row, row_step, row_count = rows
    first_tap, tap_step, tap_count = taps
    for column in range(first, last):
        begin = column * COLUMNS
        breadth = min(COLUMNS, whole(outputs) - begin)
        target = packed + begin * row_count * tap_count * planes
        for lane in range(breadth):
            there = begin + lane < outputs
            at = lane
            for row in range(row_count):
                for tap in range(tap_count):
                    y, x = first_row + row * row_step, first_tap + tap * tap_step
                    source = weight + ((begin + lane) * by_output + y * by_row + x * by_tap)
                    for plane in range(planes):
                        target[at] = source[plane * by_plane] if there else np.float32(0)
                        at += breadth


@compiled
def _convolve_rows(
    image, shape, top, left, stride, kernel, weights, bias, target, row, pixel, rows, columns, outputs, band, memory
):
    """Compute rows x columns outputs, the first of which sees the window at (top, left) of an image.

    Args:
        image: shape = (height, width, planes).
        weights: as `pack` leaves them.
        target: where the first output goes, the others `row` and `pixel` numbers apart.
        band: how many rows of outputs to cut out the windows of, at a time.
        memory: for these, and for outputs that do not fill a `multiply`.
    """
    height, width, planes = shape
    steps, breadth_in = kernel[1] * planes, (columns - 1) * stride[1] + kernel[1]
    product = memory
    window = memory + SUMS * LANES
    for begin in range(0, rows, band):
        count = min(band, rows - begin)
        here, high = top + begin * stride[0], (count - 1) * stride[0] + kernel[0]
        inside = 0 <= here <= height - high and 0 <= left <= width - breadth_in and columns >= SUMS
        if inside:
            source, source_row = image + (here * width + left) * planes, width * planes
        else:
            cut(image, height, width, planes, planes, here, left, high, breadth_in, window, planes)
            source, source_row = window, breadth_in * planes
        for column in range(0, whole(outputs), COLUMNS):
            breadth = min(COLUMNS, whole(outputs) - column)
            vectors = breadth // LANES
            pixels = SUMS // vectors
            there = min(breadth, outputs - column)
            some = weights + column * kernel[0] * steps
            for y in range(count):
                for step in range(0, columns, pixels):
                    x = max(0, min(step, columns - pixels))  # the last ones overlap those before
                    seen = source + (y * stride[0] * source_row + x * stride[1] * planes)
                    output = target + ((begin + y) * row + x * pixel + column)
                    if there == breadth and columns >= pixels:
                        multiply(
                            vectors, seen, stride[1] * planes, 1, source_row, some, breadth, kernel[0], steps,
                            bias + column, 0, output, pixel,
                        )  # fmt: skip
                    else:
                        multiply(
                            vectors, seen, stride[1] * planes, 1, source_row, some, breadth, kernel[0], steps,
                            bias + column, 0, product, breadth,
                        )  # fmt: skip
                        paste(product, pixels, breadth, output, row, pixel, there, 1, min(pixels, columns - x))


@compiled
def _finish(output, residual, count, adds):
    """Take the ReLU of so many numbers of the output, the residual added where it `adds`."""
    for at in range(0, count, LANES):
        value = load_first(output + at, count - at)
        if adds:
            value = value + load_first(residual + at, count - at)
        store_first(output + at, rectified(value), count - at)


@threaded
def convolve(
    input, weight, strides, bias, output, kernel, stride, padding, band, packed, memory, residual, adds, rectifies
):  # fmt: skip
    """Output (N, oH, oW, outputs) = the convolution of the input (N, H, W, planes), its rows by so many threads.

    Args:
        weight: the address of the first one.
        strides: numbers from output to output, from plane to plane, and from tap to tap along both sides.
        bias: one number for each output, filled up to whole vectors.
        kernel, stride, padding: along both sides.
        band: as in `_convolve_rows`.
        packed: memory for the weights.
        memory: (threads, numbers), for what `_convolve_rows` keeps on its way.
        residual: like the output, and added to it where it `adds`, before what is below 0 becomes 0.
        rectifies: whether either is done.
    """
    threads, shape, out = len(memory), input.shape[1:], output.shape[1:]
    blocks = (out[2] + COLUMNS - 1) // COLUMNS
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = blocks * part // threads, blocks * (part + 1) // threads
        rows, taps = (0, 1, kernel[0]), (0, 1, kernel[1])
        pack(pointer(weight), strides, shape[2], out[2], rows, taps, first, last, pointer(packed))
    for thread in numba.prange(threads):
        part = np.int64(thread)
        at, last = len(input) * out[0] * part // threads, len(input) * out[0] * (part + 1) // threads
        while at < last:
            image, y = at // out[0], at % out[0]
            rows = min(out[0] - y, last - at)
            _convolve_rows(
                pointer(input) + image * shape[0] * shape[1] * shape[2], shape,
                y * stride[0] - padding[0], -padding[1], stride, kernel, pointer(packed), pointer(bias),
                pointer(output) + at * out[1] * out[2], out[1] * out[2], out[2],
                rows, out[1], out[2], band, pointer(memory[part]),
            )  # fmt: skip
            if rectifies:
                size = out[1] * out[2]
                _finish(pointer(output) + at * size, pointer(residual) + at * size, rows * size, adds)
            at += rows


@compiled
def taps_of(phase, kernel, stride):
    """Return which taps a pixel sees whose place, divided by the stride, leaves `phase`: (last, -stride, count)."""
    count = max(0, (kernel - phase + stride - 1) // stride)
    return phase + (count - 1) * stride, -stride, count


@compiled
def _places(first, last, phase, stride, padding):
    """Return the quotients, from the first to behind the last, of the places in a range that leave `phase`."""
    return -((phase - padding - first) // stride), -((phase - padding - last) // stride)


@threaded
def convolve_back(gradOutput, weight, strides, bias, gradInput, kernel, stride, padding, band, packed, memory):
    """GradInput (N, H, W, planes) = what gradOutput (N, oH, oW, outputs) hands back, its rows by so many threads.

    Pixels of the input that leave the same phase when divided by the stride see the same taps of the kernel: theirs is
    a convolution of gradOutput with these taps, turned around, of stride 1.

    Args:
        weight, strides, kernel, stride, padding, packed: as in `convolve`, the planes taking the outputs' place.
        bias: zeros.
        band, memory: as in `_convolve_rows`.
    """
    threads, shape, out = len(memory), gradOutput.shape[1:], gradInput.shape[1:]
    blocks = (out[2] + COLUMNS - 1) // COLUMNS
    size = shape[2] * whole(out[2])  # of the packed weights of a tap
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = blocks * part // threads, blocks * (part + 1) // threads
        target = pointer(packed)
        for row in range(stride[0]):
            for column in range(stride[1]):
                rows, taps = taps_of(row, kernel[0], stride[0]), taps_of(column, kernel[1], stride[1])
                pack(pointer(weight), strides, shape[2], out[2], rows, taps, first, last, target)
                target = target + rows[2] * taps[2] * size
    for thread in numba.prange(threads):
        part = np.int64(thread)
        at, last = len(gradInput) * out[0] * part // threads, len(gradInput) * out[0] * (part + 1) // threads
        while at < last:
            image, y = at // out[0], at % out[0]
            rows = min(out[0] - y, last - at)
            weights = pointer(packed)
            for row in range(stride[0]):
                for column in range(stride[1]):
                    taps = taps_of(row, kernel[0], stride[0])[2], taps_of(column, kernel[1], stride[1])[2]
                    top, bottom = _places(y, y + rows, row, stride[0], padding[0])
                    left, right = _places(0, out[1], column, stride[1], padding[1])
                    if top < bottom and left < right:
                        first = (image * out[0] + top * stride[0] + row - padding[0]) * out[1]
                        first += left * stride[1] + column - padding[1]
                        _convolve_rows(
                            pointer(gradOutput) + image * shape[0] * shape[1] * shape[2], shape,
                            top - taps[0] + 1, left - taps[1] + 1, (1, 1), taps, weights, pointer(bias),
                            pointer(gradInput) + first * out[2], stride[0] * out[1] * out[2], stride[1] * out[2],
                            bottom - top, right - left, out[2], band, pointer(memory[part]),
                        )  # fmt: skip
                    weights = weights + taps[0] * taps[1] * size
            at += rows


@compiled
def _accumulate(input, shape, gradOutput, out, kernel, stride, padding, first, last, band, sums, memory):
    """Sum up what the rows of output pixels from `first` to `last` give for the weights.

    Args:
        sums: (row of the kernel, number of its run filled up to SUMS, output filled up to whole vectors).
        band: how many rows of outputs to take at a time.
        memory: for what is cut out, of the input and of gradOutput.
    """
    height, width, planes = shape
    wide, run = whole(out[2]), kernel[1] * planes
    filled = (run + SUMS - 1) // SUMS * SUMS
    breadth_in = (out[1] - 1) * stride[1] + kernel[1]
    zeros = room(2)
    stores(zeros, LANES, (splat(0.0), splat(0.0)))
    at = first
    while at < last:
        image, y = at // out[0], at % out[0]
        rows = min(min(out[0] - y, last - at), band)
        top, high = y * stride[0] - padding[0], (rows - 1) * stride[0] + kernel[0]
        here = input + image * height * width * planes
        inside = 0 <= top <= height - high and 0 <= -padding[1] <= width - breadth_in and filled == run
        window = memory + rows * out[1] * COLUMNS
        if inside:
            seen, seen_row = here + (top * width - padding[1]) * planes, width * planes
        else:
            cut(here, height, width, planes, planes, top, -padding[1], high, breadth_in, window, planes)
            seen, seen_row = window, breadth_in * planes
        grads = gradOutput + image * out[0] * out[1] * out[2]
        for column in range(0, wide, COLUMNS):
            breadth = min(COLUMNS, wide - column)
            vectors = breadth // LANES
            some = grads + y * out[1] * out[2]
            if breadth != out[2]:  # side by side they stay in the cache
                some = memory
                cut(grads + column, out[0], out[1], out[2], out[2] - column, y, 0, rows, out[1], some, breadth)
            for row in range(kernel[0]):
                for tap in range(0, run, SUMS // vectors):
                    target = sums + ((row * filled + tap) * wide + column)
                    start, start_row = (zeros, 0) if at == first else (target, wide)
                    multiply(
                        vectors, seen + (row * seen_row + tap), 1, stride[1] * planes, stride[0] * seen_row,
                        some, breadth, rows, out[1], start, start_row, target, wide,
                    )  # fmt: skip
        at += rows


@compiled
def _add_sums(sums, count, step, row, wide, plane, outputs, taps, planes, scale, gradWeight, strides):
    """Add scale times the sums of one plane, in one row of the kernel, to gradWeight."""
    by_output, by_plane, by_row, by_tap = strides
    for tap in range(taps):
        source = sums + (tap * planes + plane) * wide
        target = gradWeight + (plane * by_plane + row * by_row + tap * by_tap)
        for output in range(outputs):
            total = source[output]
            for share in range(1, count):
                total += source[share * step + output]
            target[output * by_output] += scale * total


@threaded
def accumulate(input, gradOutput, gradWeight, strides, scale, kernel, stride, padding, band, sums, memory):
    """GradWeight += scale * the gradients of the weights, from the input and gradOutput, its rows by so many threads.

    Args:
        gradWeight, strides, kernel, stride, padding: as in `convolve`.
        sums: (threads, numbers), memory for the sums of each.
        band, memory: as in `_accumulate`.
    """
    threads, shape, out = len(memory), input.shape[1:], gradOutput.shape[1:]
    units = len(gradOutput) * out[0]
    for thread in numba.prange(threads):
        part = np.int64(thread)
        _accumulate(
            pointer(input), shape, pointer(gradOutput), out, kernel, stride, padding,
            units * part // threads, units * (part + 1) // threads, band, pointer(sums[part]), pointer(memory[part]),
        )  # fmt: skip
    wide, filled = whole(out[2]), (kernel[1] * shape[2] + SUMS - 1) // SUMS * SUMS
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for plane in range(shape[2] * part // threads, shape[2] * (part + 1) // threads):
            for row in range(kernel[0]):
                _add_sums(
                    pointer(sums) + row * filled * wide, threads, sums.shape[1], row, wide, plane, out[2],
                    kernel[1], shape[2], scale, pointer(gradWeight), strides,
                )  # fmt: skip
