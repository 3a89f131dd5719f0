"""Direct convolution over three sides, of any kernel and stride: each output is summed up in registers, by `multiply`.

The window under an output pixel is, in each frame, as many runs of contiguous numbers as the kernel has rows: a run has
the pixels of a row, each with its planes. Next to the map's border the pixels are cut out first, with the padding
around them. Frames beyond the first and the last are padding too, and left out. Sides are in the order of memory:
frames, rows, pixels. An image has one frame, a sequence one row in it.
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
    store,
    store_first,
    stores,
)
from nnlite.kernels.on_numba.windows import cut, paste, whole

COLUMNS = 2 * LANES  # outputs that are computed together


@compiled
def pack(weight, strides, planes, outputs, taps, first, last, packed):
    """Copy the weights of the columns from `first` to `last`, which are blocks of outputs, as `multiply` reads them.

    Args:
        weight: the first one.
        strides: numbers from output to output, from plane to plane, and from tap to tap along each side.
        planes, outputs: how many there are.
        taps: which of the kernel's, (first, step, count) along each side.
        packed: (column, *taps, plane, output of the column), zeros where there are fewer outputs.
    """
    by_output, by_plane, by_frame, by_row, by_tap = strides
    (first_frame, frame_step, frames), (first_row, row_step, rows), (first_tap, tap_step, count) = taps
    for column in range(first, last):
        begin = column * COLUMNS
        breadth = min(COLUMNS, whole(outputs) - begin)
        target = packed + begin * frames * rows * count * planes
        for lane in range(breadth):
            there = begin + lane < outputs
            at = lane
            for frame in range(frames):
                for row in range(rows):
                    for tap in range(count):
                        z, y, x = (
                            first_frame + frame * frame_step,
                            first_row + row * row_step,
                            first_tap + tap * tap_step,
                        )
                        source = weight + ((begin + lane) * by_output + z * by_frame + y * by_row + x * by_tap)
                        for plane in range(planes):
                            target[at] = source[plane * by_plane] if there else np.float32(0)
                            at += breadth


@compiled
def _convolve_rows(
    image, shape, front, top, left, stride, kernel, weights, bias, target, row, pixel, rows, columns, outputs, band,
    memory,
):  # fmt: skip
    """Compute rows x columns outputs of a frame, the first of which sees the window at (front, top, left) of an image.

    Args:
        image: shape = (frames, height, width, planes).
        stride: along rows and columns.
        weights: as `pack` leaves them.
        target: where the first output goes, the others `row` and `pixel` numbers apart.
        band: how many rows of outputs to cut out the windows of, at a time.
        memory: for these, and for outputs that do not fill a `multiply`.
    """
    frames, height, width, planes = shape
    steps, breadth_in = kernel[2] * planes, (columns - 1) * stride[1] + kernel[2]
    first, last = max(0, -front), min(kernel[0], frames - front)  # of the frames seen, those that are there
    product = memory
    window = memory + SUMS * LANES
    for begin in range(0, rows, band):
        count = min(band, rows - begin)
        here, high = top + begin * stride[0], (count - 1) * stride[0] + kernel[1]
        inside = 0 <= here <= height - high and 0 <= left <= width - breadth_in and columns >= SUMS
        if inside:
            source = image + (((front + first) * height + here) * width + left) * planes
            source_row, source_frame = width * planes, height * width * planes
        else:
            source, source_row, source_frame = window, breadth_in * planes, high * breadth_in * planes
            for frame in range(first, last):
                seen = image + (front + frame) * height * width * planes
                some = window + (frame - first) * source_frame
                cut(seen, height, width, planes, planes, here, left, high, breadth_in, some, planes)
        for column in range(0, whole(outputs), COLUMNS):
            breadth = min(COLUMNS, whole(outputs) - column)
            vectors = breadth // LANES
            pixels = SUMS // vectors
            there = min(breadth, outputs - column)
            for y in range(count):
                for step in range(0, columns, pixels):
                    x = max(0, min(step, columns - pixels))  # the last ones overlap those before
                    seen = source + (y * stride[0] * source_row + x * stride[1] * planes)
                    some = weights + (column * kernel[0] + first * breadth) * kernel[1] * steps
                    output = target + ((begin + y) * row + x * pixel + column)
                    fills = there == breadth and columns >= pixels
                    result, result_row = (output, pixel) if fills else (product, breadth)
                    start, start_row = bias + column, 0
                    for frame in range(first, max(last, first + 1)):
                        multiply(
                            vectors, seen, stride[1] * planes, 1, source_row, some, breadth,
                            kernel[1] if frame < last else 0, steps, start, start_row, result, result_row,
                        )  # fmt: skip
                        start, start_row = result, result_row
                        seen, some = seen + source_frame, some + kernel[1] * steps * breadth
                    if not fills:
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
    """Output (N, *out, outputs) = the convolution of the input (N, *sides, planes), its rows by so many threads.

    Args:
        weight: the address of the first one.
        strides: numbers from output to output, from plane to plane, and from tap to tap along each side.
        bias: one number for each output, filled up to whole vectors.
        kernel, stride, padding: along each side.
        band: as in `_convolve_rows`.
        packed: memory for the weights.
        memory: (threads, numbers), for what `_convolve_rows` keeps on its way.
        residual: like the output, and added to it where it `adds`, before what is below 0 becomes 0.
        rectifies: whether either is done.
    """
    threads, shape, (frames, height, width, outputs) = len(memory), input.shape[1:], output.shape[1:]
    blocks = (outputs + COLUMNS - 1) // COLUMNS
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = blocks * part // threads, blocks * (part + 1) // threads
        taps = (0, 1, kernel[0]), (0, 1, kernel[1]), (0, 1, kernel[2])
        pack(pointer(weight), strides, shape[3], outputs, taps, first, last, pointer(packed))
    units, size = len(input) * frames * height, width * outputs
    for thread in numba.prange(threads):
        part = np.int64(thread)
        at, last = units * part // threads, units * (part + 1) // threads
        while at < last:
            frame, y = at // height, at % height
            image, front = frame // frames, frame % frames * stride[0] - padding[0]
            rows = min(height - y, last - at)
            _convolve_rows(
                pointer(input) + image * shape[0] * shape[1] * shape[2] * shape[3], shape,
                front, y * stride[1] - padding[1], -padding[2], stride[1:], kernel, pointer(packed), pointer(bias),
                pointer(output) + at * size, size, outputs, rows, width, outputs, band, pointer(memory[part]),
            )  # fmt: skip
            if rectifies:
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


@compiled
def _taps_along(phase, kernel, stride):
    """Return which taps the pixels of a phase see, along each side; see `taps_of`."""
    return (
        taps_of(phase[0], kernel[0], stride[0]), taps_of(phase[1], kernel[1], stride[1]),
        taps_of(phase[2], kernel[2], stride[2]),
    )  # fmt: skip


@compiled
def pack_phases(weight, strides, planes, outputs, kernel, stride, first, last, packed):
    """Copy weights as `pack` does, for each phase of a pixel, in order, the taps that it sees: see `convolve_back`."""
    for front in range(stride[0]):
        for row in range(stride[1]):
            for column in range(stride[2]):
                taps = _taps_along((front, row, column), kernel, stride)
                pack(weight, strides, planes, outputs, taps, first, last, packed)
                packed = packed + taps[0][2] * taps[1][2] * taps[2][2] * planes * whole(outputs)


@threaded
def convolve_back(gradOutput, weight, strides, bias, gradInput, kernel, stride, padding, band, packed, memory):
    """GradInput (N, *sides, planes) = what gradOutput (N, *out, outputs) hands back, its rows by so many threads.

    Pixels of the input that leave the same phase when divided by the stride see the same taps of the kernel: theirs is
    a convolution of gradOutput with these taps, turned around, of stride 1.

    Args:
        weight, strides, kernel, stride, padding, packed: as in `convolve`, the planes taking the outputs' place.
        bias: as in `convolve`.
        band, memory: as in `_convolve_rows`.
    """
    threads, shape, (frames, height, width, planes) = len(memory), gradOutput.shape[1:], gradInput.shape[1:]
    blocks = (planes + COLUMNS - 1) // COLUMNS
    size = shape[3] * whole(planes)  # of the packed weights of a tap
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = blocks * part // threads, blocks * (part + 1) // threads
        pack_phases(pointer(weight), strides, shape[3], planes, kernel, stride, first, last, pointer(packed))
    units = len(gradInput) * frames * height
    for thread in numba.prange(threads):
        part = np.int64(thread)
        at, last = units * part // threads, units * (part + 1) // threads
        while at < last:
            frame, y = at // height, at % height
            image, z = frame // frames, frame % frames + padding[0]
            rows = min(height - y, last - at)
            weights = pointer(packed)
            for front in range(z % stride[0]):
                weights = weights + taps_of(front, kernel[0], stride[0])[2] * kernel[1] * kernel[2] * size
            for row in range(stride[1]):
                for column in range(stride[2]):
                    taps = _taps_along((z % stride[0], row, column), kernel, stride)
                    seen = taps[0][2], taps[1][2], taps[2][2]
                    top, bottom = _places(y, y + rows, row, stride[1], padding[1])
                    left, right = _places(0, width, column, stride[2], padding[2])
                    if top < bottom and left < right:
                        first = (frame * height + top * stride[1] + row - padding[1]) * width
                        first += left * stride[2] + column - padding[2]
                        _convolve_rows(
                            pointer(gradOutput) + image * shape[0] * shape[1] * shape[2] * shape[3], shape,
                            z // stride[0] - seen[0] + 1, top - seen[1] + 1, left - seen[2] + 1, (1, 1), seen, weights,
                            pointer(bias), pointer(gradInput) + first * planes, stride[1] * width * planes,
                            stride[2] * planes, bottom - top, right - left, planes, band, pointer(memory[part]),
                        )  # fmt: skip
                    weights = weights + seen[0] * seen[1] * seen[2] * size
            at += rows


@compiled
def _accumulate(input, shape, gradOutput, out, kernel, stride, padding, first, last, band, sums, memory):
    """Sum up what the rows of output pixels from `first` to `last` give for the weights of one of the kernel's frames.

    Args:
        padding: along each side, less by the frame's number along the first.
        sums: (row of the kernel, number of its run filled up to SUMS, output filled up to whole vectors).
        band: how many rows of outputs to take at a time.
        memory: for what is cut out, of the input and of gradOutput.
    """
    frames, height, width, planes = shape
    wide, run = whole(out[3]), kernel[2] * planes
    filled = (run + SUMS - 1) // SUMS * SUMS
    breadth_in = (out[2] - 1) * stride[2] + kernel[2]
    zeros = room(2)
    stores(zeros, LANES, (splat(0.0), splat(0.0)))
    at, begun = first, False
    while at < last:
        frame, y = at // out[1], at % out[1]
        rows = min(min(out[1] - y, last - at), band)
        at += rows
        image, front = frame // out[0], frame % out[0] * stride[0] - padding[0]
        if not 0 <= front < frames:
            continue
        top, high = y * stride[1] - padding[1], (rows - 1) * stride[1] + kernel[1]
        here = input + (image * frames + front) * height * width * planes
        inside = 0 <= top <= height - high and 0 <= -padding[2] <= width - breadth_in and filled == run
        window = memory + rows * out[2] * COLUMNS
        if inside:
            seen, seen_row = here + (top * width - padding[2]) * planes, width * planes
        else:
            cut(here, height, width, planes, planes, top, -padding[2], high, breadth_in, window, planes)
            seen, seen_row = window, breadth_in * planes
        grads = gradOutput + frame * out[1] * out[2] * out[3]
        for column in range(0, wide, COLUMNS):
            breadth = min(COLUMNS, wide - column)
            vectors = breadth // LANES
            some = grads + y * out[2] * out[3]
            if breadth != out[3]:  # side by side they stay in the cache
                some = memory
                cut(grads + column, out[1], out[2], out[3], out[3] - column, y, 0, rows, out[2], some, breadth)
            for row in range(kernel[1]):
                for tap in range(0, run, SUMS // vectors):
                    target = sums + ((row * filled + tap) * wide + column)
                    start, start_row = (target, wide) if begun else (zeros, 0)
                    multiply(
                        vectors, seen + (row * seen_row + tap), 1, stride[2] * planes, stride[1] * seen_row,
                        some, breadth, rows, out[2], start, start_row, target, wide,
                    )  # fmt: skip
        begun = True
    if not begun:  # no window has a pixel in that frame
        for at in range(0, kernel[1] * filled * wide, LANES):
            store(sums + at, splat(0.0))


@compiled
def _add_sums(sums, count, step, wide, plane, outputs, taps, planes, scale, gradWeight, by_output, by_plane, by_tap):
    """Add scale times the sums of one plane, in one row of the kernel, to gradWeight."""
    for tap in range(taps):
        source = sums + (tap * planes + plane) * wide
        target = gradWeight + (plane * by_plane + tap * by_tap)
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
    units = len(gradOutput) * out[0] * out[1]
    wide, filled = whole(out[3]), (kernel[2] * shape[3] + SUMS - 1) // SUMS * SUMS
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for frame in range(kernel[0]):
            _accumulate(
                pointer(input), shape, pointer(gradOutput), out, kernel, stride,
                (padding[0] - frame, padding[1], padding[2]),
                units * part // threads, units * (part + 1) // threads, band,
                pointer(sums[part]) + frame * kernel[1] * filled * wide, pointer(memory[part]),
            )  # fmt: skip
    by_output, by_plane, by_frame, by_row, by_tap = strides
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for plane in range(shape[3] * part // threads, shape[3] * (part + 1) // threads):
            for frame in range(kernel[0]):
                for row in range(kernel[1]):
                    _add_sums(
                        pointer(sums) + (frame * kernel[1] + row) * filled * wide, threads, sums.shape[1], wide, plane,
                        out[3], kernel[2], shape[3], scale, pointer(gradWeight) + (frame * by_frame + row * by_row),
                        by_output, by_plane, by_tap,
                    )  # fmt: skip
