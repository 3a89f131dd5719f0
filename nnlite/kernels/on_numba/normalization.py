"""Batch normalization, compiled: two passes over memory each way, the sums of the first taken block by block.

Maps lie channels-last: a batch is a matrix with a row for each pixel and a column for each channel. Rows of few
channels are read several at a time, as one `width` numbers wide, with each channel's constants repeated to match.
The sums of a block are float32, few terms each, and their totals float64, as are THNN's. A block's moments are taken
around its own mean, in a second look at what the cache holds: they round well far from zero, and cost no pass.

Other numbers than float32 are NumPy's.
"""

import numba
import numpy as np

from nnlite.kernels import on_numpy
from nnlite.kernels.on_numba.compiling import compiled, run, threaded
from nnlite.kernels.on_numba.memory import aligned, pixels
from nnlite.kernels.on_numba.simd import (
    LANES,
    can_store_past,
    finish_stores,
    fma,
    load,
    load_first,
    pointer,
    rectified,
    splat,
    store,
    store_first,
    store_past,
    where_positive,
)  # fmt: skip
from nnlite.kernels.on_numba.windows import whole
from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.kernels.on_numpy.transfer import Threshold_updateGradInput
from nnlite.tensor.storage import channels_moved_last
from nnlite.tensor.threads import getnumthreads

WIDTH = 256  # numbers that a row has at least
BLOCK = 1 << 14  # numbers in a block, about: with the same of a gradient they stay in the cache
ROWS = 16  # that a block has at least, or adding to the totals would cost as much as they do


def BatchNormalization_updateOutput(
    input, output, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps, moments=None
):
    """Output = (input - mean) / sqrt(var + eps) * weight + bias, for each channel.

    Shapes, what becomes of the statistics, and moments: as in NumPy's.
    """
    statistics = running_mean, running_var, save_mean, save_std, train, momentum, eps
    if not _are_ours(input, output):
        on_numpy.BatchNormalization_updateOutput(input, output, weight, bias, *statistics)
        return
    _normalise(channels_last(input, 'input'), None, output, weight, bias, *statistics, sums=moments)


def BatchNormalization_fold(layer_weight, layer_bias, weight, bias, running_mean, running_var, eps, number=0):
    """Return the weight and the bias of a layer that does, in evaluation, what one and a batch normalization do.

    Shapes, and the number: as in NumPy's.
    """
    vectors = layer_bias, weight, bias, running_mean, running_var
    if not _are_ours(layer_weight) or not layer_weight.flags.c_contiguous:
        return on_numpy.BatchNormalization_fold(layer_weight, *vectors, eps, number)
    folded = aligned(f'folded weight {number}', *layer_weight.shape)
    shift = aligned(f'folded bias {number}', len(layer_weight))
    rows = layer_weight.reshape(len(shift), -1)
    run(fold, rows, *vectors, eps, folded.reshape(rows.shape), shift, getnumthreads())
    return folded, shift


def BatchNormalization_backward(
    input, gradOutput, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std, train,
    scale, eps,
):  # fmt: skip
    """Write gradInput and add scale times the parameters' gradients to gradWeight and gradBias; each may be None.

    Shapes and formulas: as in NumPy's.
    """
    options = weight, running_mean, running_var, save_mean, save_std, train, scale, eps
    if not _are_ours(input, gradOutput):
        on_numpy.BatchNormalization_backward(input, gradOutput, gradInput, gradWeight, gradBias, *options)
        return
    grads = channels_last(gradOutput, 'gradOutput')
    _hand_back(channels_last(input, 'input'), None, grads, grads, gradInput, gradWeight, gradBias, *options)


def BatchNormalizationReLU_updateOutput(
    input, residual, output, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps,
    moments=None,
):  # fmt: skip
    """Output = max(0, BatchNormalization_updateOutput's + residual), in the same passes; NaN stays.

    Shapes: as in BatchNormalization_updateOutput; residual like input, or None for zero.
    """
    options = weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps
    if not _are_ours(input, output):
        on_numpy.BatchNormalizationReLU_updateOutput(input, residual, output, *options)
        return
    added = None if residual is None else channels_last(residual, 'residual')
    _normalise(channels_last(input, 'input'), added, output, *options, rectifies=True, sums=moments)


def BatchNormalizationReLU_backward(
    input, output, gradOutput, gradSum, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean,
    save_std, train, scale, eps, bias=None,
):  # fmt: skip
    """Write gradSum = gradOutput where output > 0, else 0, and do for it what BatchNormalization_backward does.

    Shapes: as in BatchNormalization_backward; output channels-last, gradSum as gradOutput or in its place, or None.
    """
    gradSum = gradOutput if gradSum is None else gradSum
    rest = gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std, train, scale, eps
    rolled = [channels_moved_last(array) for array in (output, gradOutput, gradSum)]
    if not _are_ours(input, *rolled) or not all(array.flags.c_contiguous for array in rolled):
        Threshold_updateGradInput(output, gradOutput, gradSum, 0)
        BatchNormalization_backward(input, gradSum, *rest)
        return
    _hand_back(channels_last(input, 'input'), *rolled, *rest)


def _normalise(
    x, residual, output, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps,
    rectifies=False, sums=None,
):  # fmt: skip
    """Do what BatchNormalization_updateOutput says, or BatchNormalizationReLU's, for pixels x and residual.

    The sums of x and of x^2 are taken first, unless somebody has.
    """
    count, width = x.size // x.shape[-1], _width(x)
    constants = aligned('constants', 4, whole(width))
    if train:
        sums = _totals(moments, width, x) if sums is None else sums
        take_statistics(sums, count, momentum, eps, running_mean, running_var, save_mean, save_std)
    else:
        save_mean[...] = running_mean
        save_std[...] = 1 / np.sqrt(running_var.astype(np.float64) + eps)
    repeat_for_output(constants, width, save_mean, save_std, weight, bias)
    added = x if residual is None else residual
    run(
        normalise, x.reshape(-1), added.reshape(-1), residual is not None, rectifies, pixels(output).reshape(-1),
        width, constants, getnumthreads(),
    )  # fmt: skip


def _hand_back(
    x, output, grads, gradSum, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std,
    train, scale, eps,
):  # fmt: skip
    """Do what BatchNormalization_backward says for pixels x and grads, or BatchNormalizationReLU's, given an output."""
    count, width, threads = x.size // x.shape[-1], _width(x), getnumthreads()
    mean, std = (save_mean, save_std) if train else (running_mean, 1 / np.sqrt(running_var.astype(np.float64) + eps))
    std, y = std.astype(x.dtype, copy=False), grads if output is None else output
    constants = aligned('constants', 4, whole(width))
    repeat(constants, width, 0, mean)
    sums = _totals(
        products, width, x, grads.reshape(-1), y.reshape(-1), gradSum.reshape(-1), output is not None, constants
    )  # fmt: skip
    add_gradients(sums, std, float(scale), gradWeight, gradBias)
    if gradInput is not None:
        repeat_for_gradient(constants, width, sums, count, train, std, weight)
        flat, result = gradSum.reshape(-1), pixels(gradInput).reshape(-1)
        if train:
            run(differentiate, x.reshape(-1), flat, result, width, constants, threads)
        else:
            run(normalise, flat, flat, False, False, result, width, constants, threads)


def _are_ours(*arrays):
    """Return whether these kernels can compute with such arrays."""
    return all(array.dtype == np.float32 and array.size > 0 for array in arrays)


def _width(x):
    """Return how many numbers to take as a row: those of one pixel, or of several."""
    channels = x.shape[-1]
    return -(-WIDTH // channels) * channels


def _totals(kernel, width, x, *args):
    """Return, for each channel of the pixels x, the two sums that a kernel takes, float64: scratch memory."""
    threads, block = getnumthreads(), max(ROWS, BLOCK // width) * width
    totals = scratch('totals of threads', (threads, 2, width), np.float64)
    totals.fill(0)
    memory = aligned('sums', threads, 3 * whole(width))
    run(kernel, x.reshape(-1), *args, width, block, memory, totals)
    total = scratch('totals', (2, x.shape[-1]), np.float64)
    add_up(totals, total)
    return total


@compiled
def add_up(totals, total):
    """Total (2, channels) = the sum of the totals (threads, 2, width) over threads and pixels of a row."""
    channels = total.shape[1]
    total[...] = 0
    for thread in range(totals.shape[0]):
        for which in range(2):
            for column in range(totals.shape[2]):
                total[which, column % channels] += totals[thread, which, column]


@compiled
def take_statistics(sums, count, momentum, eps, running_mean, running_var, save_mean, save_std):
    """Write the mean and 1 / std from the sums of x and of x^2 over so many pixels, and move the running statistics."""
    for channel in range(len(save_mean)):
        mean = sums[0, channel] / count
        deviations = sums[1, channel] - count * mean * mean
        if deviations < 0:
            deviations = 0.0
        save_mean[channel] = mean
        save_std[channel] = 1 / np.sqrt(deviations / count + eps)
        running_mean[channel] = momentum * mean + (1 - momentum) * running_mean[channel]
        running_var[channel] = momentum * (deviations / (count - 1)) + (1 - momentum) * running_var[channel]


@compiled
def add_gradients(sums, std, scale, gradWeight, gradBias):
    """GradWeight += scale sum(g (x - mean)) std, gradBias += scale sum(g), for each channel, unless they are None."""
    for channel in range(len(std)):
        if gradWeight is not None:
            gradWeight[channel] += scale * sums[1, channel] * std[channel]
        if gradBias is not None:
            gradBias[channel] += scale * sums[0, channel]


@compiled
def repeat(constants, width, row, values):
    """Write a row of constants: one number for each channel, as often as a row has it."""
    for column in range(width):
        constants[row, column] = values[column % len(values)]


@compiled
def repeat_for_output(constants, width, mean, std, weight, bias):
    """Write the rows mean, slope and shift, for `normalise`."""
    for column in range(width):
        channel = column % len(mean)
        constants[0, column] = mean[channel]
        constants[1, column] = std[channel] if weight is None else std[channel] * weight[channel]
        constants[2, column] = 0 if bias is None else bias[channel]


@compiled
def repeat_for_gradient(constants, width, sums, count, train, std, weight):
    """Write the rows but the mean's for `differentiate` from the sums of g and of g (x - mean), or for `normalise`."""
    for column in range(width):
        channel = column % len(std)
        constants[1, column] = std[channel] if weight is None else std[channel] * weight[channel]
        if train:
            constants[2, column] = sums[1, channel] / count * std[channel] * std[channel]
            constants[3, column] = sums[0, channel] / count
        else:
            constants[0, column] = constants[2, column] = 0


@compiled
def _clear(memory, count):
    for column in range(0, count, LANES):
        store(memory + column, splat(np.float32(0)))


@compiled
def _sum_up(x, count, sums):
    """Add a row of so many numbers to the sums."""
    for column in range(0, count, LANES):
        store(sums + column, load(sums + column) + load_first(x + column, count - column))


@compiled
def _sum_up_centred(x, count, mean, sums, squares):
    for column in range(0, count, LANES):
        rest = count - column
        centred = load_first(x + column, rest) - load_first(mean + column, rest)
        store(sums + column, load(sums + column) + centred)
        store(squares + column, fma(centred, centred, load(squares + column)))


@compiled
def _add_moments(x, numbers, width, mean, sums, squares, totals):
    """Add the sums over the rows of a block, and those of the squares, to the totals (2, width).

    Args:
        numbers: of the block; the last row may have fewer than `width`.
        mean, sums, squares: memory for a row each.
    """
    rows, rest = numbers // width, numbers % width
    _clear(mean, width)
    for at in range(0, numbers, width):
        _sum_up(x + at, min(width, numbers - at), mean)
    for column in range(width):
        mean[column] /= np.float32(max(1, rows + (column < rest)))
    _clear(sums, width)
    _clear(squares, width)
    for at in range(0, numbers, width):
        _sum_up_centred(x + at, min(width, numbers - at), mean, sums, squares)
    for column in range(width):
        # With a centre c, x is c + (x - c), and x^2 is c^2 + 2 c (x - c) + (x - c)^2.
        centre, total, count = np.float64(mean[column]), np.float64(sums[column]), rows + (column < rest)
        totals[0, column] += count * centre + total
        totals[1, column] += (count * centre + 2 * total) * centre + squares[column]


@threaded
def moments(x, width, block, memory, totals):
    """Totals (threads, 2, width) += each thread's sums of x and of x^2, for each column of its rows.

    Args:
        x: all numbers, in rows of `width`.
        block: how many to take at a time.
        memory: (threads, numbers), three rows for each.
    """
    threads, blocks, row = len(totals), (len(x) + block - 1) // block, whole(width)
    for thread in numba.prange(threads):
        part = np.int64(thread)
        own = pointer(memory[part])
        for number in range(blocks * part // threads, blocks * (part + 1) // threads):
            begin = number * block
            numbers = min(block, len(x) - begin)
            _add_moments(pointer(x) + begin, numbers, width, own, own + row, own + 2 * row, totals[part])


@compiled
def _sum_up_products(x, grads, output, gradSum, rectifies, count, mean, sums, dots):
    for column in range(0, count, LANES):
        rest = count - column
        grad = load_first(grads + column, rest)
        if rectifies:
            grad = where_positive(load_first(output + column, rest), grad)
            store_first(gradSum + column, grad, rest)
        store(sums + column, load(sums + column) + grad)
        store(dots + column, fma(load_first(x + column, rest) - load(mean + column), grad, load(dots + column)))


@threaded
def products(x, grads, output, gradSum, rectifies, constants, width, block, memory, totals):
    """Totals (threads, 2, width) += each thread's sums of g and of g (x - mean), for each column of its rows.

    g is grads; if it `rectifies`, where output > 0, else 0, and written to gradSum.

    Args:
        constants: the mean of each column.
        width, block, memory: as in `moments`; memory of two rows for each thread.
    """
    threads, blocks = len(totals), (len(x) + block - 1) // block
    for thread in numba.prange(threads):
        part = np.int64(thread)
        sums = pointer(memory[part])
        dots = sums + whole(width)
        for number in range(blocks * part // threads, blocks * (part + 1) // threads):
            begin, end = number * block, min(number * block + block, len(x))
            _clear(sums, width)
            _clear(dots, width)
            for at in range(begin, end, width):
                _sum_up_products(
                    pointer(x) + at, pointer(grads) + at, pointer(output) + at, pointer(gradSum) + at, rectifies,
                    min(width, end - at), pointer(constants), sums, dots,
                )  # fmt: skip
            for column in range(width):
                totals[part, 0, column] += sums[column]
                totals[part, 1, column] += dots[column]


@threaded
def fold(layer_weight, layer_bias, weight, bias, mean, variance, eps, folded, shift, threads):
    """Write what BatchNormalization_fold says, of a weight (outputs, numbers)."""
    for thread in numba.prange(threads):
        part = np.int64(thread)
        for output in range(len(shift) * part // threads, len(shift) * (part + 1) // threads):
            slope = 1 / np.sqrt(np.float64(variance[output]) + eps)
            if weight is not None:
                slope *= weight[output]
            start = -mean[output] if layer_bias is None else layer_bias[output] - mean[output]
            shift[output] = start * slope + (0 if bias is None else bias[output])
            for number in range(layer_weight.shape[1]):
                folded[output, number] = layer_weight[output, number] * np.float32(slope)


@threaded
def normalise(x, residual, adds, rectifies, y, width, constants, threads):
    """Y = (x - mean) slope + shift, in rows of `width`; if it `adds`, + residual; if it `rectifies`, 0 if below.

    Args:
        constants: mean, slope and shift of each column.
    """
    rows = (len(x) + width - 1) // width
    for thread in numba.prange(threads):
        part = np.int64(thread)
        mean, slope, shift = pointer(constants[0]), pointer(constants[1]), pointer(constants[2])
        past = can_store_past(pointer(y), width, len(y) // threads)
        for row in range(rows * part // threads, rows * (part + 1) // threads):
            at = row * width
            count = min(width, len(x) - at)
            for column in range(0, count, LANES):
                here, rest = at + column, count - column
                centred = load_first(pointer(x) + here, rest) - load(mean + column)
                value = fma(centred, load(slope + column), load(shift + column))
                if adds:
                    value = value + load_first(pointer(residual) + here, rest)
                if rectifies:
                    value = rectified(value)
                if past and rest >= LANES:
                    store_past(pointer(y) + here, value)
                else:
                    store_first(pointer(y) + here, value, rest)
        finish_stores()


@threaded
def differentiate(x, grads, gradInput, width, constants, threads):
    """GradInput = slope (g - (x - mean) per_x - per_batch), in rows of `width`, g being grads.

    Args:
        constants: mean, slope, per_x and per_batch of each column.
    """
    rows = (len(x) + width - 1) // width
    for thread in numba.prange(threads):
        part = np.int64(thread)
        mean, slope = pointer(constants[0]), pointer(constants[1])
        per_x, per_batch = pointer(constants[2]), pointer(constants[3])
        past = can_store_past(pointer(gradInput), width, len(gradInput) // threads)
        for row in range(rows * part // threads, rows * (part + 1) // threads):
            at = row * width
            count = min(width, len(x) - at)
            for column in range(0, count, LANES):
                here, rest = at + column, count - column
                centred = load_first(pointer(x) + here, rest) - load(mean + column)
                grad = load_first(pointer(grads) + here, rest) - load(per_batch + column)
                value = (grad - centred * load(per_x + column)) * load(slope + column)
                if past and rest >= LANES:
                    store_past(pointer(gradInput) + here, value)
                else:
                    store_first(pointer(gradInput) + here, value, rest)
        finish_stores()
