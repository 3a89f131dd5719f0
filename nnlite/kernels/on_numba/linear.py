"""Two of the three matrix products of a fully connected layer of many weights, compiled: these are used where they lie.

BLAS copies all weights into the order that it likes before it multiplies, and gives a product, that would be added to
the weights' gradients in a pass of its own. Where there are so many that memory is what takes the time, that is most of
it. What these kernels are not for is NumPy's, among it gradInput.
"""

import numba
import numpy as np

from nnlite.kernels import on_numpy
from nnlite.kernels.on_numba.compiling import compiled, run, threaded
from nnlite.kernels.on_numba.memory import aligned
from nnlite.kernels.on_numba.simd import LANES, SUMS, load_first, multiply, pointer, room, splat, store, stores
from nnlite.kernels.on_numba.windows import whole
from nnlite.kernels.on_numpy.scratch import contiguous, scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows
from nnlite.tensor.threads import getnumthreads

COLUMNS = 2 * LANES  # of a product that are computed together
MANY = 1 << 18  # weights, from which on that pays; and numbers of an input, up to which it stays in a core's cache
STEPS = 512  # of a sum, in partial sums of so many: long ones round more


def Linear_updateOutput(input, output, weight, bias):
    """Output (N, out) = input (N, in) @ weight^T + bias; weight (out, in), bias (out) or None."""
    if not _are_ours(input, output, weight):
        on_numpy.Linear_updateOutput(input, output, weight, bias)
        return
    columns, threads = whole.py_func(len(input)), getnumthreads()
    terms = aligned('bias', len(weight))
    terms[...] = 0 if bias is None else bias
    turned, tiles = aligned('turned input', input.shape[1] * columns), aligned('tiles', threads, SUMS * LANES)
    run(write_output, contiguous(input, 'input'), weight, terms, output, turned, tiles)


def Linear_accGradParameters(input, gradOutput, gradWeight, gradBias, scale):
    """GradWeight += scale * gradOutput^T @ input; gradBias, or None, += scale * the sum of gradOutput's rows."""
    if not _are_ours(input, gradOutput, gradWeight):
        on_numpy.Linear_accGradParameters(input, gradOutput, gradWeight, gradBias, scale)
        return
    grads = contiguous(gradOutput, 'gradOutput')
    if gradBias is not None:
        np.add(gradBias, scale * sum_of_rows(grads), out=gradBias, casting='same_kind')
    if scale != 1:
        grads = np.multiply(grads, np.float32(scale), out=scratch('scaled gradOutput', grads.shape, grads.dtype))
    columns = aligned('turned input', len(input) * whole.py_func(input.shape[1]))
    tiles = aligned('tiles', getnumthreads(), SUMS * LANES)
    run(accumulate, contiguous(input, 'input'), grads, gradWeight, columns, tiles)


def _are_ours(input, output, weight):
    """Return whether it pays to compute with these kernels, of an input, and an output or its gradient."""
    return (
        all(array.dtype == np.float32 for array in (input, output, weight))
        and weight.flags.c_contiguous
        and min(len(input), len(weight)) >= SUMS
        and weight.size >= MANY >= input.size
    )


@compiled
def _add_up(vectors, a, a_row, a_step, b, steps, begin, begin_row, c, c_row):
    """C (SUMS // vectors, vectors) = what it begins with + a @ b, in partial sums: see simd.multiply."""
    breadth = vectors * LANES
    for first in range(0, steps, STEPS):
        count = min(STEPS, steps - first)
        multiply(
            vectors, a + first * a_step, a_row, a_step, 0, b + first * breadth, breadth, 1, count,
            begin, begin_row, c, c_row,
        )  # fmt: skip
        begin, begin_row = c, c_row


@threaded
def write_output(input, weight, bias, output, turned, tiles):
    """Output = input @ weight^T + bias, its columns by so many threads: of weight @ input^T, whose rows they are.

    Args:
        turned: memory for the input turned over, its columns filled up to whole vectors.
        tiles: (threads, SUMS * LANES), memory.
    """
    threads, (examples, planes), outputs = len(tiles), input.shape, len(weight)
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for begin in range(0, whole(examples), COLUMNS):
            breadth = min(COLUMNS, whole(examples) - begin)
            target = pointer(turned) + begin * planes
            for plane in range(planes * part // threads, planes * (part + 1) // threads):
                for lane in range(breadth):
                    example = begin + lane
                    target[plane * breadth + lane] = input[example, plane] if example < examples else np.float32(0)
    units = (outputs + SUMS - 1) // SUMS
    for thread in numba.prange(threads):
        part = np.int64(thread)
        tile = pointer(tiles[part])
        zeros = room(2)
        stores(zeros, LANES, (splat(0.0), splat(0.0)))
        for unit in range(units * part // threads, units * (part + 1) // threads):
            for begin in range(0, whole(examples), COLUMNS):
                breadth = min(COLUMNS, whole(examples) - begin)
                vectors, count = breadth // LANES, min(breadth, examples - begin)
                together = SUMS // vectors
                for number in range(unit * SUMS, min(outputs, (unit + 1) * SUMS), together):
                    row = min(number, outputs - together)  # the last ones overlap those before
                    _add_up(
                        vectors, pointer(weight) + row * planes, planes, 1, pointer(turned) + begin * planes, planes,
                        zeros, 0, tile, breadth,
                    )  # fmt: skip
                    for lane in range(count):
                        for at in range(together):
                            output[begin + lane, row + at] = tile[at * breadth + lane] + bias[row + at]


@threaded
def accumulate(input, gradOutput, gradWeight, columns, tiles):
    """GradWeight += gradOutput^T @ input, its rows by so many threads.

    Args:
        columns: memory for the input, so many columns of it after the other, filled up to whole vectors.
        tiles: (threads, SUMS * LANES), memory.
    """
    threads, (examples, planes), outputs = len(tiles), input.shape, len(gradWeight)
    blocks = (planes + COLUMNS - 1) // COLUMNS
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for block in range(blocks * part // threads, blocks * (part + 1) // threads):
            begin = block * COLUMNS
            target = pointer(columns) + begin * examples
            breadth = min(COLUMNS, whole(planes) - begin)
            for example in range(examples):
                for column in range(begin, begin + breadth, LANES):
                    store(target, load_first(pointer(input) + (example * planes + column), planes - column))
                    target = target + LANES
    units = (outputs + SUMS - 1) // SUMS
    for thread in numba.prange(threads):
        part = np.int64(thread)
        tile = pointer(tiles[part])
        zeros = room(2)
        stores(zeros, LANES, (splat(0.0), splat(0.0)))
        for unit in range(units * part // threads, units * (part + 1) // threads):
            for begin in range(0, planes, COLUMNS):
                breadth, count = min(COLUMNS, whole(planes) - begin), min(COLUMNS, planes - begin)
                vectors, some = breadth // LANES, pointer(columns) + begin * examples
                together = SUMS // vectors
                for number in range(unit * SUMS, min(outputs, (unit + 1) * SUMS), together):
                    row = min(number, outputs - together)
                    grads, target = pointer(gradOutput) + row, pointer(gradWeight) + (row * planes + begin)
                    if count == breadth and row == number:
                        _add_up(vectors, grads, 1, outputs, some, examples, target, planes, target, planes)
                        continue
                    _add_up(vectors, grads, 1, outputs, some, examples, zeros, 0, tile, breadth)
                    for at in range(number - row, together):  # those before have been added
                        for column in range(count):
                            target[at * planes + column] += tile[at * breadth + column]
