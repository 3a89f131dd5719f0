"""Convolution over two sides, compiled: by Winograd's algorithm where it pays, else directly, small maps across images.

What these kernels are not for is NumPy's: other numbers than float32 (float64, float16), one side or three, dilation.
With nnlite.setprecise(True) all are direct.
"""

import functools
import math
from itertools import pairwise

import numpy as np

from nnlite.errors import ShapeError
from nnlite.kernels import getprecise
from nnlite.kernels.on_numba import across, direct, winograd
from nnlite.kernels.on_numba.compiling import run
from nnlite.kernels.on_numba.memory import aligned, pixels
from nnlite.kernels.on_numba.points import POINTS
from nnlite.kernels.on_numba.simd import LANES, SUMS
from nnlite.kernels.on_numba.transfer import CAdd_updateOutput
from nnlite.kernels.on_numpy import convolution as on_numpy
from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.tensor.threads import getnumthreads

CACHE = 1 << 20  # bytes that a thread works on at a time: what stays in the cache that a core has for itself
LEAST = 8  # planes, on both sides, from which on Winograd's products outweigh its transforms
TERMS = 512  # of a sum over pixels, in partial sums of so many: long ones round more
SHAPES = 512  # that are remembered, with what follows from them
GAIN = 0.9  # of the products that are left where small maps are taken across images: else rows are read faster
PIXELS = 512  # of a batch of maps so small that the gradients of weights are summed up across images
WEIGHTS = 'weights'  # what scratch memory is for that holds weights, or sums for their gradients: never both at once


def Convolution_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Output[n, o, y] = bias[o] + sum over c, k of weight[o, c, k] input[n, c, y * stride + k - padding].

    Shapes: as in NumPy's.
    """
    if _are_ours((input, output, weight), dilation):
        _convolve(input, output, weight, bias, stride, padding)
    else:
        on_numpy.Convolution_updateOutput(input, output, weight, bias, stride, padding, dilation)


def ConvolutionReLU_updateOutput(input, residual, output, weight, bias, stride, padding, dilation):
    """Output = max(0, Convolution_updateOutput's + residual), in the same pass; NaN stays.

    Shapes: as in NumPy's.
    """
    if _are_ours((input, output, weight), dilation):
        _convolve(input, output, weight, bias, stride, padding, residual, rectifies=True)
    else:
        on_numpy.ConvolutionReLU_updateOutput(input, residual, output, weight, bias, stride, padding, dilation)


def _convolve(input, output, weight, bias, stride, padding, residual=None, rectifies=False):
    """Do what Convolution_updateOutput says, or ConvolutionReLU's if it `rectifies`, for arrays that are ours."""
    _expect_windows(input, output, weight, stride, padding)
    if _winograd_pays(output, weight, stride):
        _by_winograd(input, weight, bias, output, padding, residual, rectifies)
        return
    added = pixels(output) if residual is None else channels_last(residual, 'residual')
    finish = added, residual is not None, rectifies
    if _across_pays(input, output, weight, stride, padding, back=False):
        _across(across.convolve, input, weight, bias, output, stride, padding, *finish)
    else:
        windows = tuple(zip(output.shape[2:], stride, weight.shape[2:], strict=True))
        _directly(direct.convolve, input, weight, bias, output, stride, padding, windows, *finish)


def ConvolutionReLUTwice_updateOutput(input, residual, output, first, second):
    """Output = ConvolutionReLU of the ConvolutionReLU of the input, where that is cheaper than one after the other.

    Args:
        first, second: as in NumPy's.

    Returns:
        whether it was done: by Winograd's algorithm, for maps of one size that are padded by a pixel.
    """
    (weight, bias, *geometry), (weight_2, bias_2, *geometry_2) = first, second
    threads, (height, width) = getnumthreads(), output.shape[2:]
    if geometry != geometry_2 or tuple(geometry[1]) != (1, 1) or len(input) < threads:
        return False
    if not _are_ours((input, output, weight, weight_2), geometry[2]):
        return False
    if not all(_winograd_pays(output, kernel, geometry[0]) for kernel in (weight, weight_2)):
        return False
    planes = input.shape[1], len(weight), output.shape[1]
    sides = input.shape[0], *input.shape[2:]
    if sides != (output.shape[0], *output.shape[2:]) or (weight.shape[1], *weight_2.shape[1::-1]) != planes:
        raise ShapeError(f'expected weights from {input.shape} to {output.shape}, got {weight.shape} {weight_2.shape}')
    sizes, inner = [_whole(size) for size in planes], (height, width, len(weight))
    # The weights are read again for each so many images, which are to have as many tiles as in `_block`.
    tiles, size = winograd.count_tiles((1, height, width)), weight.itemsize * math.prod(inner)
    images = max(CACHE // 4 // size, -(-max(sizes) // tiles))
    if images * size > CACHE:
        return False
    between = aligned('between', threads, images * math.prod(inner))
    block = _block(images * tiles, max(sizes[:2]), max(sizes[1:]))
    transformed = aligned(WEIGHTS, POINTS * (weight.shape[1] * sizes[1] + len(weight) * sizes[2]))
    split = POINTS * weight.shape[1] * sizes[1]
    memory = aligned('memory', threads, max(winograd.numbers(block, *pair) for pair in pairwise(sizes)))
    result = pixels(output)
    added = result if residual is None else channels_last(residual, 'residual')
    run(
        winograd.convolve_twice, channels_last(input, 'input'),
        *_first_and_strides(weight), _filled(bias, len(weight)), inner,
        *_first_and_strides(weight_2), _filled(bias_2, len(weight_2), 'second bias'),
        result, images, block, transformed[:split], transformed[split:], memory, between, added, residual is not None,
        scratch('no totals', (2, 1), np.float64),
    )  # fmt: skip
    return True


def ConvolutionMoments_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Do what Convolution_updateOutput does; return the sums of the output and of its squares, for each plane.

    They are (2, nOutputPlane), float64; None where they would cost a pass of their own.
    """
    if _are_ours((input, output, weight), dilation) and _winograd_pays(output, weight, stride):
        _expect_windows(input, output, weight, stride, padding)
        return _by_winograd(input, weight, bias, output, padding, counts=True)
    Convolution_updateOutput(input, output, weight, bias, stride, padding, dilation)
    return None


def Convolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation):
    """GradInput: every output pixel hands its gradient back to the window it came from.

    Shapes: as in NumPy's.
    """
    if _are_ours((gradOutput, gradInput, weight), dilation):
        _hand_back(gradOutput, None, gradInput, weight, stride, padding)
    else:
        on_numpy.Convolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation)


def ConvolutionAdd_updateGradInput(gradOutput, added, gradInput, weight, stride, padding, dilation):
    """GradInput = Convolution_updateGradInput's + added, in the same pass where that goes by Winograd's algorithm.

    Shapes: as in NumPy's.
    """
    if _are_ours((gradOutput, gradInput, weight), dilation):
        _hand_back(gradOutput, added, gradInput, weight, stride, padding)
    else:
        on_numpy.ConvolutionAdd_updateGradInput(gradOutput, added, gradInput, weight, stride, padding, dilation)


def _hand_back(gradOutput, added, gradInput, weight, stride, padding):
    """Do what ConvolutionAdd_updateGradInput says, for arrays that are ours; `added` may be None."""
    _expect_windows(gradInput, gradOutput, weight, stride, padding)
    swapped = weight.swapaxes(0, 1)
    if _winograd_pays(gradInput, weight, stride):
        _by_winograd(gradOutput, swapped[:, :, ::-1, ::-1], None, gradInput, [2 - pad for pad in padding], added)
    elif _across_pays(gradInput, gradOutput, weight, stride, padding, back=True):
        terms = pixels(gradInput) if added is None else channels_last(added, 'added')
        _across(
            across.convolve_back, gradOutput, swapped, None, gradInput, stride, padding, terms, added is not None
        )  # fmt: skip
    else:
        sides = zip(gradInput.shape[2:], weight.shape[2:], stride, strict=True)
        windows = [(-(-side // step), 1, -(-size // step)) for side, size, step in sides]  # of the pixels of one phase
        _directly(direct.convolve_back, gradOutput, swapped, None, gradInput, stride, padding, windows)
        if added is not None:
            CAdd_updateOutput(gradInput, added, gradInput)


def Convolution_accGradParameters(input, gradOutput, gradWeight, gradBias, stride, padding, dilation, scale):
    """GradWeight += scale * the sum over pixels of gradOutput times the input's windows; gradBias likewise.

    Shapes: as in NumPy's.
    """
    if not _are_ours((input, gradOutput, gradWeight), dilation):
        on_numpy.Convolution_accGradParameters(
            input, gradOutput, gradWeight, gradBias, stride, padding, dilation, scale
        )  # fmt: skip
        return
    _expect_windows(input, gradOutput, gradWeight, stride, padding)
    maps, grads = channels_last(input, 'input'), channels_last(gradOutput, 'gradOutput')
    if _winograd_pays(gradOutput, gradWeight, stride):
        _accumulate_by_winograd(maps, grads, gradWeight, padding, np.float32(scale))
    elif _accumulating_across_pays(grads.shape, gradWeight.shape):
        sums = aligned(WEIGHTS, getnumthreads(), SUMS * LANES)
        run(
            across.accumulate, maps, grads, *_first_and_strides(gradWeight), np.float32(scale), gradWeight.shape[2:],
            tuple(stride), tuple(padding), sums,
        )  # fmt: skip
    else:
        _accumulate_directly(maps, grads, gradWeight, stride, padding, np.float32(scale))
    if gradBias is not None:
        on_numpy.Convolution_accGradBias(gradOutput, gradBias, scale)


def _are_ours(arrays, dilation):
    """Return whether these kernels can compute with such arrays."""
    return set(dilation) == {1} and all(
        array.ndim == 4 and array.dtype == np.float32 and array.size > 0 for array in arrays
    )  # fmt: skip


def _expect_windows(input, output, weight, stride, padding):
    """Raise unless all the windows of the output lie on the padded input: compiled code does not look."""
    _expect_windows_of(input.shape, output.shape, weight.shape, tuple(stride), tuple(padding))


@functools.lru_cache(SHAPES)
def _expect_windows_of(input, output, weight, stride, padding):
    sides = zip(input[2:], output[2:], weight[2:], stride, padding, strict=True)
    if any((count - 1) * step + size > side + 2 * pad for side, count, size, step, pad in sides):
        raise ShapeError(f'expected no more windows than maps of {input[2:]} have, got {output[2:]}')
    if (input[0], *weight[:2]) != (output[0], output[1], input[1]):
        raise ShapeError(f'expected as many maps and planes on both sides, got {input} and {output}')


def _winograd_pays(result, weight, stride):
    """Return whether Winograd's algorithm is allowed, there, and takes at most half of the multiplications."""
    return not getprecise() and _winograd_pays_for(result.shape[2:], weight.shape, tuple(stride))


@functools.lru_cache(SHAPES)
def _winograd_pays_for(sides, weight, stride):
    if weight[2:] != (3, 3) or stride != (1, 1) or min(weight[:2]) < LEAST:
        return False
    tiles = math.prod(-(-side // 4) for side in sides)
    return 2 * tiles * POINTS <= math.prod(sides) * 9


def _by_winograd(input, weight, bias, output, padding, residual=None, rectifies=False, counts=False):
    """Output = the convolution of the input with weights of 3x3, its stride 1, and more: see winograd.convolve.

    Returns:
        where it `counts`, the totals over all threads.
    """
    maps, result, threads = channels_last(input, 'input'), pixels(output), getnumthreads()
    outputs, planes = weight.shape[:2]
    block, numbers, values = _sizes(result.shape, planes, outputs, threads)
    transformed, memory = aligned(WEIGHTS, values), aligned('memory', threads, numbers)
    kernel = _first_and_strides(weight)
    added = result if residual is None else channels_last(residual, 'residual')
    totals = scratch('totals of threads', (threads, 2, outputs), np.float64)
    if counts:
        totals.fill(0)
    run(
        winograd.convolve, maps, *kernel, _filled(bias, outputs), result, tuple(padding), block, transformed, memory,
        added, residual is not None, rectifies, totals, counts,
    )  # fmt: skip
    return np.add.reduce(totals, axis=0) if counts else None  # in memory of its own: others may come before its use


@functools.lru_cache(SHAPES)
def _sizes(out, planes, outputs, threads):
    """Return (tiles in a block, numbers that a thread keeps, numbers of the weights' values at the points)."""
    filled, wide = _whole(planes), _whole(outputs)
    block = _block(-(-winograd.count_tiles(out) // threads), filled, wide)
    return block, winograd.numbers(block, filled, wide), POINTS * planes * wide


def _accumulate_by_winograd(maps, grads, gradWeight, padding, scale):
    outputs, planes = gradWeight.shape[:2]
    block, shares, values, parts, numbers = _sizes_of_sums(grads.shape, planes, outputs, getnumthreads())
    sums, memory = aligned(WEIGHTS, shares, values), aligned('memory', parts, numbers)
    kernel = _first_and_strides(gradWeight)
    run(winograd.accumulate, maps, grads, *kernel, scale, tuple(padding), block, sums, memory)


@functools.lru_cache(SHAPES)
def _sizes_of_sums(out, planes, outputs, threads):
    """Return (tiles in a block, shares of the tiles, numbers of each one's sums, parts of the work, numbers of each).

    Threads have sums of their own while these fit their cache; then they share the planes out, and the same sums.
    """
    filled, wide, tiles = _whole(planes), _whole(outputs), winograd.count_tiles(out)
    values = POINTS * filled * wide
    pieces = min(threads, filled // LANES, -(-4 * values // CACHE))
    shares = min(threads // pieces, tiles)
    block = _block(-(-tiles // shares), filled, wide)
    return block, shares, values, shares * pieces, winograd.numbers(block, filled, wide)


def _block(most, filled, wide):
    """Return how many tiles to work on at a time: those that fit half the cache, but as many as there are planes.

    The weights are read again for each block: with fewer tiles they would be the larger part.
    """
    fit = CACHE // 2 // (4 * POINTS * (filled + wide))
    tiles = min(most, max(fit, 2 * filled * wide // (filled + wide)))
    return -(-tiles // SUMS) * SUMS


def _across_pays(input, output, weight, stride, padding, back):
    """Return whether a pixel of several images at a time takes clearly fewer products than several pixels of a row.

    Args:
        input, output: of the convolution, or gradients of theirs.
        back: whether it is gradInput that is to be computed.
    """
    sides = zip(input.shape[2:], output.shape[2:], weight.shape[2:], stride, padding, strict=True)
    return _across_pays_for(len(input), weight.shape[int(back)], tuple(sides), back)


@functools.lru_cache(SHAPES)
def _across_pays_for(images, planes, sides, back):
    together = SUMS // 2 if planes % direct.COLUMNS == 0 else SUMS
    if planes % LANES or images < together:
        return False
    (rows, rows_inside), (columns, columns_inside) = (
        (_taken(*side, pixels, back), _inside(*side)) for side, pixels in zip(sides, (1, together), strict=True)
    )
    filled = -(-images // together) * together
    return filled * rows_inside * columns_inside <= GAIN * images * rows * columns


def _inside(side, out, size, step, pad):
    """Return how many pairs of an output pixel and a tap see a pixel along one side, not the padding."""
    return sum(0 <= at * step + tap - pad < side for at in range(out) for tap in range(size))


def _taken(side, out, size, step, pad, together, back):
    """Return how many pairs `direct` takes along one side, so many pixels together, inside or not."""
    if not back:
        return -(-out // together) * together * size
    taps = [(-(-(size - phase) // step), len(range((phase - pad) % step, side, step))) for phase in range(step)]
    return sum(max(0, count) * -(-pixels // together) * together for count, pixels in taps)


def _across(convolve, input, weight, bias, output, stride, padding, *finish):
    """Output = the convolution of the input, or what it hands back, and more: see across.convolve, convolve_back."""
    outputs, planes, *kernel = weight.shape
    packed = aligned(WEIGHTS, math.prod(kernel) * planes * outputs)
    run(
        convolve, channels_last(input, 'input'), *_first_and_strides(weight), _filled(bias, outputs), pixels(output),
        tuple(kernel), tuple(stride), tuple(padding), packed, getnumthreads(), *finish,
    )  # fmt: skip


def _accumulating_across_pays(out, weight):
    """Return whether `across` sums up the weights' gradients: its vectors fit the first cache, and are not too few."""
    images, *space, outputs = out
    seen = math.prod(space)
    return outputs % LANES == 0 and weight[1] >= SUMS and images >= seen and images * seen <= PIXELS


def _directly(convolve, input, weight, bias, output, stride, padding, windows, *finish):
    """Output = the convolution of the input, or what it hands back, by kernels of any size.

    Args:
        windows: for both sides, (how many there are, how far apart, how many pixels each has) at most.
        finish: what else `convolve` takes, after its memory.
    """
    maps, result, threads = channels_last(input, 'input'), pixels(output), getnumthreads()
    outputs, planes, *kernel = weight.shape
    (_, down, high), (count, along, wide) = windows
    row = ((count - 1) * along + wide) * planes
    band = max(1, (CACHE // 4 // (row * maps.itemsize) - high) // down)
    cut = ((band - 1) * down + high) * row + SUMS * along * planes
    packed = aligned(WEIGHTS, math.prod(kernel) * planes * _whole(outputs))
    memory = aligned('memory', threads, SUMS * LANES + cut)
    run(
        convolve, maps, *_first_and_strides(weight), _filled(bias, outputs), result, tuple(kernel), tuple(stride),
        tuple(padding), band, packed, memory, *finish,
    )  # fmt: skip


def _accumulate_directly(maps, grads, gradWeight, stride, padding, scale):
    outputs, planes, *kernel = gradWeight.shape
    height, width = grads.shape[1:3]
    threads = min(getnumthreads(), len(grads) * height)
    band = max(1, TERMS // width)
    cut = ((band - 1) * stride[0] + kernel[0]) * ((width - 1) * stride[1] + kernel[1]) * planes + SUMS
    sums = aligned(WEIGHTS, threads, kernel[0] * -(-kernel[1] * planes // SUMS) * SUMS * _whole(outputs))
    memory = aligned('memory', threads, band * width * direct.COLUMNS + cut)
    run(
        direct.accumulate, maps, grads, *_first_and_strides(gradWeight), scale, tuple(kernel), tuple(stride),
        tuple(padding), band, sums, memory,
    )  # fmt: skip


def _whole(planes):
    return -(-planes // LANES) * LANES


def _filled(bias, outputs, purpose='bias'):
    """Return the bias, or zeros, filled up to whole vectors."""
    filled = aligned(purpose, _whole(outputs))
    filled.fill(0)
    if bias is not None:
        filled[:outputs] = bias
    return filled


def _first_and_strides(weight):
    """Return where the first of the weights lies, and how many numbers apart they lie along each axis."""
    return weight.__array_interface__['data'][0], tuple(step // weight.itemsize for step in weight.strides)
