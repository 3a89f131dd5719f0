"""Direct convolution of small maps: one pixel of several images at a time, where `direct` takes several of a row.

A small map's rows are short, and many of its windows lie half outside. The windows of one pixel have the same taps
inside in all images: these alone are multiplied, and nothing is cut out. All outputs come in whole vectors.
"""

import numba
import numpy as np

from nnlite.kernels.on_numba.compiling import compiled, threaded
from nnlite.kernels.on_numba.direct import COLUMNS, pack, pack_phases, taps_of
from nnlite.kernels.on_numba.simd import LANES, SUMS, load, multiply, pointer, rectified, room, splat, store, stores


@compiled
def _inside(begin, size, side):
    """Return where a window of so many taps begins on a side, its first tap inside, and the one behind its last."""
    first = min(max(0, -begin), size)
    return begin, first, max(first, min(size, side - begin))


@compiled
def _convolve_pixel(input, shape, down, along, taps, weights, bias, vectors, output, step, count):
    """Compute some planes of one pixel of so many images.

    Args:
        input: the first image; shape = (height, width, planes).
        down, along: of the pixel's window along both sides, what `_inside` returns.
        taps: of a row of the kernel.
        weights: as `pack` leaves those of a column, which has so many vectors.
        output: where the first image's go, the others `step` numbers apart.
    """
    height, width, planes = shape
    (top, row, last), (left, tap, behind) = down, along
    size, together, breadth = height * width * planes, SUMS // vectors, vectors * LANES
    rows, steps = last - row, (behind - tap) * planes
    calls = 1 if steps == taps * planes or rows * steps == 0 else rows  # the weights of whole rows follow each other
    for number in range(0, count, together):
        image = min(number, count - together)  # the last ones overlap those before
        target = output + image * step
        start, start_step = bias, 0
        for call in range(calls):
            y = row + call
            multiply(
                vectors, input + (image * size + ((top + y) * width + left + tap) * planes), size, 1, width * planes,
                weights + (y * taps + tap) * planes * breadth, breadth, rows // calls, steps,
                start, start_step, target, step,
            )  # fmt: skip
            start, start_step = target, step


@compiled
def _finish(output, residual, step, breadth, count, adds, rectifies):
    """Add a residual to some planes of one pixel of so many images, and take the ReLU of them, or do one of both."""
    for _ in range(count):
        for plane in range(0, breadth, LANES):
            value = load(output + plane)
            if adds:
                value = value + load(residual + plane)
            store(output + plane, rectified(value) if rectifies else value)
        output, residual = output + step, residual + step


@threaded
def convolve(
    input, weight, strides, bias, output, kernel, stride, padding, packed, threads, residual, adds, rectifies
):  # fmt: skip
    """Output (N, oH, oW, outputs) = the convolution of the input (N, H, W, planes), its planes by so many threads.

    Args:
        weight, strides, bias, kernel, stride, padding, packed: as in direct.convolve.
        residual: like the output, and added to it where it `adds`.
        rectifies: whether what is below 0 then becomes 0.
    """
    shape, out = input.shape[1:], output.shape[1:]
    blocks = (out[2] + COLUMNS - 1) // COLUMNS
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = blocks * part // threads, blocks * (part + 1) // threads
        taps = (0, 1, 1), (0, 1, kernel[0]), (0, 1, kernel[1])
        pack(pointer(weight), strides, shape[2], out[2], taps, first, last, pointer(packed))
    units, size = blocks * out[0], out[0] * out[1] * out[2]
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for unit in range(units * part // threads, units * (part + 1) // threads):
            column, y = unit // out[0] * COLUMNS, unit % out[0]
            breadth = min(COLUMNS, out[2] - column)
            weights = pointer(packed) + column * kernel[0] * kernel[1] * shape[2]
            down = _inside(y * stride[0] - padding[0], kernel[0], shape[0])
            for x in range(out[1]):
                along = _inside(x * stride[1] - padding[1], kernel[1], shape[1])
                at = (y * out[1] + x) * out[2] + column
                _convolve_pixel(
                    pointer(input), shape, down, along, kernel[1], weights, pointer(bias) + column, breadth // LANES,
                    pointer(output) + at, size, len(input),
                )  # fmt: skip
                if adds or rectifies:
                    _finish(
                        pointer(output) + at, pointer(residual) + at, size, breadth, len(input), adds, rectifies
                    )  # fmt: skip


@threaded
def convolve_back(gradOutput, weight, strides, bias, gradInput, kernel, stride, padding, packed, threads, added, adds):
    """GradInput (N, H, W, planes) = what gradOutput (N, oH, oW, outputs) hands back, its planes by so many threads.

    A pixel of the input is seen by some taps, which follow each other in steps of the stride: see direct.convolve_back.

    Args:
        weight, strides, bias, kernel, stride, padding, packed: as there.
        added: like gradInput, and added to it where it `adds`.
    """
    shape, out = gradOutput.shape[1:], gradInput.shape[1:]
    blocks = (out[2] + COLUMNS - 1) // COLUMNS
    size = shape[2] * out[2]  # of the packed weights of a tap
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = blocks * part // threads, blocks * (part + 1) // threads
        sides = (1, kernel[0], kernel[1]), (1, stride[0], stride[1])
        pack_phases(pointer(weight), strides, shape[2], out[2], *sides, first, last, pointer(packed))
    units, step = blocks * out[0], out[0] * out[1] * out[2]
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for unit in range(units * part // threads, units * (part + 1) // threads):
            column, y = unit // out[0] * COLUMNS, unit % out[0]
            breadth = min(COLUMNS, out[2] - column)
            phase = (y + padding[0]) % stride[0]
            rows = taps_of(phase, kernel[0], stride[0])[2]
            down = _inside((y + padding[0]) // stride[0] - rows + 1, rows, shape[0])
            before = 0  # taps of the phases along the first side before this one
            for other in range(phase):
                before += taps_of(other, kernel[0], stride[0])[2]
            for x in range(out[1]):
                phase = (x + padding[1]) % stride[1]
                taps = taps_of(phase, kernel[1], stride[1])[2]
                skipped = before * kernel[1]
                for other in range(phase):
                    skipped += rows * taps_of(other, kernel[1], stride[1])[2]
                along = _inside((x + padding[1]) // stride[1] - taps + 1, taps, shape[1])
                at = (y * out[1] + x) * out[2] + column
                _convolve_pixel(
                    pointer(gradOutput), shape, down, along, taps,
                    pointer(packed) + (skipped * size + column * rows * taps * shape[2]), pointer(bias) + column,
                    breadth // LANES, pointer(gradInput) + at, step, len(gradInput),
                )  # fmt: skip
                if adds:
                    _finish(pointer(gradInput) + at, pointer(added) + at, step, breadth, len(gradInput), True, False)


@compiled
def _accumulate_tap(
    input, shape, gradOutput, out, row, tap, stride, padding, count, plane, vectors, sums
):  # fmt: skip
    """Sum up what one tap sees of some planes: sums (SUMS // vectors, vectors), over all pixels of so many images."""
    height, width, planes = shape
    zeros = room(2)
    stores(zeros, LANES, (splat(0.0), splat(0.0)))
    breadth = vectors * LANES
    start, start_row = zeros, 0
    for y in range(out[0]):
        top = y * stride[0] - padding[0] + row
        for x in range(out[1]):
            left = x * stride[1] - padding[1] + tap
            if 0 <= top < height and 0 <= left < width:
                multiply(
                    vectors, input + ((top * width + left) * planes + plane), 1, height * width * planes, 0,
                    gradOutput + (y * out[1] + x) * out[2], out[0] * out[1] * out[2], 1, count,
                    start, start_row, sums, breadth,
                )  # fmt: skip
                start, start_row = sums, breadth
    return start_row > 0


@threaded
def accumulate(input, gradOutput, gradWeight, strides, scale, kernel, stride, padding, sums):
    """GradWeight += scale * the gradients of the weights, from the input and gradOutput, its taps by so many threads.

    There are SUMS planes, or more.

    Args:
        gradWeight, strides, kernel, stride, padding: as in direct.accumulate.
        sums: (threads, SUMS * LANES), memory.
    """
    threads, shape, out = len(sums), input.shape[1:], gradOutput.shape[1:]
    by_output, by_plane, _, by_row, by_tap = strides
    blocks, taps = (out[2] + COLUMNS - 1) // COLUMNS, kernel[0] * kernel[1]
    units = blocks * taps
    for thread in numba.prange(threads):
        part = np.int64(thread)
        memory = pointer(sums[part])
        for unit in range(units * part // threads, units * (part + 1) // threads):
            column, row, tap = unit // taps * COLUMNS, unit % taps // kernel[1], unit % kernel[1]
            vectors = min(COLUMNS, out[2] - column) // LANES
            together = SUMS // vectors
            for number in range(0, shape[2], together):
                plane = min(number, shape[2] - together)
                seen = _accumulate_tap(
                    pointer(input), shape, pointer(gradOutput) + column, out, row, tap, stride, padding, len(input),
                    plane, vectors, memory,
                )  # fmt: skip
                if not seen:
                    continue
                for at in range(number - plane, together):  # those before have been added
                    target = pointer(gradWeight) + (
                        column * by_output + (plane + at) * by_plane + row * by_row + tap * by_tap
                    )
                    for lane in range(vectors * LANES):
                        target[lane * by_output] += scale * memory[at * vectors * LANES + lane]
