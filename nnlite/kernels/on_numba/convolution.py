"""Convolution over one, two or three sides, compiled: by Winograd's algorithm where it pays, else directly, small maps
across images.

All maps are volumes here, (N, planes, T, H, W): images have one frame, sequences one row in it. What these kernels are
not for is NumPy's: other numbers than float32 (float64, float16), dilation. With nnlite.setprecise(True) none goes by
Winograd's algorithm.
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
from nnlite.kernels.on_numba.windows import expect_windows, whole
from nnlite.kernels.on_numpy import convolution as on_numpy
from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.tensor.threads import getnumthreads

CACHE = 1 << 20  # bytes that a thread works on at a time: what stays in the cache that a core has for itself
LEAST = 8  # planes, on both sides, from which on Winograd's products outweigh its transforms
TERMS = 512  # of a sum over pixels, in partial sums of so many: long ones round more
SHAPES = 512  # that are remembered, with what follows from them
GAIN = 0.9  # of the products that are left where small maps are taken across images: else rows are read faster
PIXELS = 512  # of a batch of maps so small that the gradients of weights are summed up across images
_whole = whole.py_func  # numba's own way in costs more than it computes
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
    stride, padding, input, residual, output, weight = _volumes(stride, padding, input, residual, output, weight)
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
        _, padding, input, output, weight = _volumes(stride, padding, input, output, weight)
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
    """GradInput = Convolution_updateGradInput's + added, in the same pass but where rows are taken directly.

    Shapes: as in NumPy's.
    """
    if _are_ours((gradOutput, gradInput, weight), dilation):
        _hand_back(gradOutput, added, gradInput, weight, stride, padding)
    else:
        on_numpy.ConvolutionAdd_updateGradInput(gradOutput, added, gradInput, weight, stride, padding, dilation)


def _hand_back(gradOutput, added, gradInput, weight, stride, padding):
    """Do what ConvolutionAdd_updateGradInput says, for arrays that are ours; `added` may be None."""
    _expect_windows(gradInput, gradOutput, weight, stride, padding)
    stride, padding, grads, more, result, weight = _volumes(stride, padding, gradOutput, added, gradInput, weight)
    swapped, kernel = weight.swapaxes(0, 1), weight.shape[2:]
    if _winograd_pays(result, weight, stride):
        back = [size - 1 - pad for size, pad in zip(kernel, padding, strict=True)]
        _by_winograd(grads, swapped[:, :, ::-1, ::-1, ::-1], None, result, back, more)
    elif _across_pays(result, grads, weight, stride, padding, back=True):
        terms = pixels(result) if more is None else channels_last(more, 'added')
        _across(across.convolve_back, grads, swapped, None, result, stride, padding, terms, more is not None)
    else:
        sides = zip(result.shape[2:], kernel, stride, strict=True)
        windows = [(-(-side // step), 1, -(-size // step)) for side, size, step in sides]  # of the pixels of one phase
        _directly(direct.convolve_back, grads, swapped, None, result, stride, padding, windows)
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
    steps, pads, maps, grads, sums = _volumes(stride, padding, input, gradOutput, gradWeight)
    maps, grads = channels_last(maps, 'input'), channels_last(grads, 'gradOutput')
    if _winograd_pays(gradOutput, gradWeight, stride):
        _accumulate_by_winograd(maps, grads, sums, pads, np.float32(scale))
    elif _accumulating_across_pays(maps.shape, grads.shape, sums.shape, steps, pads):
        memory, options = aligned(WEIGHTS, getnumthreads(), SUMS * LANES), (sums.shape[3:], steps[1:], pads[1:])
        run(
            across.accumulate, _frames(maps), _frames(grads), *_first_and_strides(sums), np.float32(scale), *options,
            memory,
        )  # fmt: skip
    else:
        _accumulate_directly(maps, grads, sums, steps, pads, np.float32(scale))
    if gradBias is not None:
        on_numpy.Convolution_accGradBias(gradOutput, gradBias, scale)


def _are_ours(arrays, dilation):
    """Return whether these kernels can compute with such arrays."""
    return set(dilation) == {1} and all(
        3 <= array.ndim <= 5 and array.dtype == np.float32 and array.size > 0 for array in arrays
    )  # fmt: skip


def _expect_windows(input, output, weight, stride, padding):
    """Raise unless all the windows of the output lie on the padded input: compiled code does not look."""
    _expect_windows_of(input.shape, output.shape, weight.shape, tuple(stride), tuple(padding))


@functools.lru_cache(SHAPES)
def _expect_windows_of(input, output, weight, stride, padding):
    expect_windows(input[2:], output[2:], weight[2:], stride, padding)
    if (input[0], *weight[:2]) != (output[0], output[1], input[1]):
        raise ShapeError(f'expected as many maps and planes on both sides, got {input} and {output}')


def _volumes(stride, padding, *arrays):
    """Return all of them for three sides: maps and weights as views, those that are None as they are."""
    lacking = 3 - len(stride)
    if lacking:
        stride, padding = (1,) * lacking + tuple(stride), (0,) * lacking + tuple(padding)
        index = slice(None), slice(None), *(None,) * lacking
        arrays = [None if array is None else array[index] for array in arrays]
    return tuple(stride), tuple(padding), *arrays


def _winograd_pays(result, weight, stride):
    """Return whether Winograd's algorithm is allowed, there, and takes at most half of the multiplications."""
    return not getprecise() and _winograd_pays_for(result.shape[2:], weight.shape, tuple(stride))


@functools.lru_cache(SHAPES)
def _winograd_pays_for(sides, weight, stride):
    if weight[2:][-2:] != (3, 3) or set(stride) != {1} or min(weight[:2]) < LEAST:
        return False
    height, width = sides[-2:]
    return 2 * winograd.count_tiles((1, height, width)) * POINTS <= height * width * 9


def _by_winograd(input, weight, bias, output, padding, residual=None, rectifies=False, counts=False):
    """Output = the convolution of the input with weights of (kT, 3, 3), its strides 1, and more: see winograd.convolve.

    Returns:
        where it `counts`, the totals over all threads.
    """
    maps, result, threads = _frames(channels_last(input, 'input')), _frames(pixels(output)), getnumthreads()
    outputs, planes, depth = weight.shape[:3]
    block, numbers, values = _sizes(result.shape, planes, outputs, depth, threads)
    transformed, memory = aligned(WEIGHTS, values), aligned('memory', threads, numbers)
    kernel = _first_and_strides(weight)
    frames = input.shape[2], output.shape[2], depth, 1, padding[0]
    added = result if residual is None else _frames(channels_last(residual, 'residual'))
    totals = scratch('totals of threads', (threads, 2, outputs), np.float64)
    if counts:
        totals.fill(0)
    run(
        winograd.convolve, maps, *kernel, frames, _filled(bias, outputs), result, tuple(padding[1:]), block,
        transformed, memory, added, residual is not None, rectifies, totals, counts,
    )  # fmt: skip
    return np.add.reduce(totals, axis=0) if counts else None  # in memory of its own: others may come before its use


def _frames(volumes):
    """Return volumes (N, T, H, W, planes) as their frames (N * T, H, W, planes)."""
    return volumes.reshape(-1, *volumes.shape[2:])


@functools.lru_cache(SHAPES)
def _sizes(out, planes, outputs, depth, threads):
    """Return (tiles in a block, numbers that a thread keeps, numbers of the weights' values at the points)."""
    filled, wide = depth * _whole(planes), _whole(outputs)
    block = _block(-(-winograd.count_tiles(out) // threads), filled, wide)
    return block, winograd.numbers(block, filled, wide), POINTS * depth * planes * wide


def _accumulate_by_winograd(maps, grads, gradWeight, padding, scale):
    outputs, planes, depth = gradWeight.shape[:3]
    frames = maps.shape[1], grads.shape[1], depth, 1, padding[0]
    maps, grads = _frames(maps), _frames(grads)
    block, shares, values, parts, numbers = _sizes_of_sums(grads.shape, planes, outputs, depth, getnumthreads())
    sums, memory = aligned(WEIGHTS, depth, shares, values), aligned('memory', parts, numbers)
    kernel = _first_and_strides(gradWeight)
    run(winograd.accumulate, maps, grads, *kernel, frames, scale, tuple(padding[1:]), block, sums, memory)


@functools.lru_cache(SHAPES)
def _sizes_of_sums(out, planes, outputs, depth, threads):
    """Return (tiles in a block, shares of the tiles, numbers of each one's sums, parts of the work, numbers of each).

    Threads have sums of their own while these fit their cache; then they share the planes out, and the same sums. The
    sums are those of one of the kernel's frames.
    """
    filled, wide, tiles = _whole(planes), _whole(outputs), winograd.count_tiles(out)
    values = POINTS * filled * wide
    pieces = min(threads, filled // LANES, -(-4 * depth * values // CACHE))
    shares = min(threads // pieces, tiles)
    block = _block(-(-tiles // shares), depth * filled, wide)
    return block, shares, values, shares * pieces, winograd.numbers(block, depth * filled, wide)


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
    frames, *sides = zip(input.shape[2:], output.shape[2:], weight.shape[2:], stride, padding, strict=True)
    return _is_frame(*frames) and _across_pays_for(len(input), weight.shape[int(back)], tuple(sides), back)


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


def _is_frame(side, out, size, step, pad):
    """Return whether maps have one frame, and the kernel sees it: they are images, or sequences."""
    return side == out == size == 1 and pad == 0


def _inside(side, out, size, step, pad):
    """Return how many pairs of an output pixel and a tap see a pixel along one side, not the padding."""
    return sum(0 <= at * step + tap - pad < side for at in range(out) for tap in range(size))


def _taken(side, out, size, step, pad, together, back):
    """Return how many pairs `direct` takes along one side, so many pixels together, inside or not."""
    if not back:
        return -(-out // together) * together * size
    taps = [(-(-(size - phase) // step), len(range((phase - pad) % step, side, step))) for phase in range(step)]
    return sum(max(0, count) * -(-pixels // together) * together for count, pixels in taps)


def _across(convolve, input, weight, bias, output, stride, padding, term, *finish):
    """Output = the convolution of the input, or what it hands back, and more: see across.convolve, convolve_back.

    Args:
        term: what is added to the output, or the output.
        finish: what else `convolve` takes.
    """
    outputs, planes, _, *kernel = weight.shape
    packed = aligned(WEIGHTS, math.prod(kernel) * planes * outputs)
    run(
        convolve, _frames(channels_last(input, 'input')), *_first_and_strides(weight), _filled(bias, outputs),
        _frames(pixels(output)), tuple(kernel), stride[1:], padding[1:], packed, getnumthreads(), _frames(term),
        *finish,
    )  # fmt: skip


def _accumulating_across_pays(maps, out, weight, stride, padding):
    """Return whether `across` sums up the weights' gradients: its vectors fit the first cache, and are not too few."""
    images, *space, outputs = out
    seen = math.prod(space)
    if not _is_frame(maps[1], out[1], weight[2], stride[0], padding[0]):
        return False
    return outputs % LANES == 0 and weight[1] >= SUMS and images >= seen and images * seen <= PIXELS


def _directly(convolve, input, weight, bias, output, stride, padding, windows, *finish):
    """Output = the convolution of the input, or what it hands back, by kernels of any size.

    Args:
        windows: for each side, (how many there are, how far apart, how many pixels each has) at most.
        finish: what else `convolve` takes, after its memory.
    """
    maps, result, threads = channels_last(input, 'input'), pixels(output), getnumthreads()
    outputs, planes, *kernel = weight.shape
    (_, _, deep), (_, down, high), (count, along, wide) = windows
    row = ((count - 1) * along + wide) * planes
    band = max(1, (CACHE // 4 // (deep * row * maps.itemsize) - high) // down)
    cut = deep * ((band - 1) * down + high) * row + SUMS * along * planes
    packed = aligned(WEIGHTS, math.prod(kernel) * planes * _whole(outputs))
    memory = aligned('memory', threads, SUMS * LANES + cut)
    run(
        convolve, maps, *_first_and_strides(weight), _filled(bias, outputs), result, tuple(kernel), stride, padding,
        band, packed, memory, *finish,
    )  # fmt: skip


def _accumulate_directly(maps, grads, gradWeight, stride, padding, scale):
    outputs, planes, depth, high, wide = gradWeight.shape
    height, width = grads.shape[2:4]
    threads = min(getnumthreads(), len(grads) * grads.shape[1] * height)
    band = max(1, TERMS // width)
    cut = ((band - 1) * stride[1] + high) * ((width - 1) * stride[2] + wide) * planes + SUMS
    sums = aligned(WEIGHTS, threads, depth * high * -(-wide * planes // SUMS) * SUMS * _whole(outputs))
    memory = aligned('memory', threads, band * width * direct.COLUMNS + cut)
    run(
        direct.accumulate, maps, grads, *_first_and_strides(gradWeight), scale, (depth, high, wide), stride, padding,
        band, sums, memory,
    )  # fmt: skip


def _filled(bias, outputs, purpose='bias'):
    """Return the bias, or zeros, filled up to whole vectors."""
    filled = aligned(purpose, _whole(outputs))
    filled.fill(0)
    if bias is not None:
        filled[:outputs] = bias
    return filled


def _first_and_strides(weight):
    """Return where the first of the weights lies, and how many numbers apart they lie along each axis of volumes'."""
    steps = [step // weight.itemsize for step in weight.strides]
    return weight.__array_interface__['data'][0], (*steps[:2], *(0,) * (5 - len(steps)), *steps[2:])
