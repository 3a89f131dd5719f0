"""Batch normalization on a GPU: two passes over memory each way, and between them a small kernel for the sums.

Sums are added up in double, in an order that is always the same, with no number taken off first: they are as exact as
THNN's. What makes constants of them (`statistics`) is a kernel of its own, so that another kernel than `moments`, a
convolution's, can leave the sums: `parts` (slices, 2, C), float64, the sums of x and of x^2 over some of the pixels.
"""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.kernels.on_cupy.columns import FINAL, PASSING, SUMMING, is_wide, shared_out
from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks
from nnlite.kernels.on_numpy.scratch import channels_last, scratch

_PASSES = 'moments', 'normalise', 'products', 'differentiate'
SOURCE = Source(
    'normalization.cu',
    'statistics<{T}>',
    'gradients<{T}>',
    *[f'{kernel}<{{T}}, {wide}>' for kernel in _PASSES for wide in ('false', 'true')],
)


def BatchNormalization_updateOutput(
    input, output, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps
):
    """Output = (input - mean) / sqrt(var + eps) * weight + bias, for each channel.

    Shapes, and what becomes of the statistics: as in NumPy's.
    """
    statistics_ = weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps
    x = channels_last(input, 'input')
    normalise(x, None, output, statistics(moments(x) if train else None, x.size // x.shape[-1], *statistics_), False)


def BatchNormalizationReLU_updateOutput(
    input, residual, output, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps
):
    """Output = max(0, BatchNormalization_updateOutput's + residual), in the same passes; NaN stays.

    Shapes: as in BatchNormalization_updateOutput; residual like input, or None for zero.
    """
    statistics_ = weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps
    x, added = channels_last(input, 'input'), None if residual is None else channels_last(residual, 'residual')
    normalise(x, added, output, statistics(moments(x) if train else None, x.size // x.shape[-1], *statistics_), True)


def BatchNormalization_backward(
    input, gradOutput, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std, train,
    scale, eps,
):  # fmt: skip
    """Write gradInput and add scale times the parameters' gradients to gradWeight and gradBias; each may be None.

    Shapes and formulas: as in NumPy's.
    """
    _hand_back(
        channels_last(input, 'input'), None, channels_last(gradOutput, 'gradOutput'), None, gradInput, gradWeight,
        gradBias, weight, running_mean, running_var, save_mean, save_std, train, scale, eps,
    )  # fmt: skip


def BatchNormalizationReLU_backward(
    input, output, gradOutput, gradSum, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean,
    save_std, train, scale, eps,
):  # fmt: skip
    """Write gradSum = gradOutput where output > 0, else 0, and do for it what BatchNormalization_backward does.

    Shapes: as in BatchNormalization_backward; gradSum of any strides, or in gradOutput's place.
    """
    rolled = np.moveaxis(gradSum, 1, -1)
    written = rolled if rolled.flags.c_contiguous else scratch('gradSum', rolled.shape, rolled.dtype)
    _hand_back(
        channels_last(input, 'input'), channels_last(output, 'output'), channels_last(gradOutput, 'gradOutput'),
        written, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std, train, scale,
        eps,
    )  # fmt: skip
    if written is not rolled:
        np.copyto(rolled, written)


def moments(x):
    """Return parts, scratch memory: the sums of pixels x (..., C), and of their squares, over some of them each."""
    return _parts('moments', (x,))


def statistics(
    parts, count, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps
):  # fmt: skip
    """Do with the statistics what BatchNormalization_updateOutput says; return what `normalise` computes with.

    Args:
        parts: in training, sums over all pixels in parts (slices, 2, C), float64, C order: of x and of x^2; else None.
        count: how many pixels there are.

    Returns:
        (3, C), scratch memory: mean, slope and shift of each channel, float32 where numbers are float16.
    """
    channels, dtype = len(running_mean), running_mean.dtype
    vectors = _in_one_piece(weight, bias, running_mean, running_var, save_mean, save_std)
    constants = _constants(channels, dtype)
    slices = 0 if parts is None else len(parts)
    SOURCE.launch(
        'statistics<{T}>', dtype, blocks(channels, FINAL[0]), FINAL, parts, slices, float(count), *vectors, bool(train),
        float(momentum), float(eps), constants, channels, shared=2 * THREADS * 8,
    )  # fmt: skip
    return constants


def normalise(x, residual, output, constants, rectifies):
    """Output = (x - mean) slope + shift [+ residual], by constants from `statistics`; if it `rectifies`, 0 if below.

    Shapes: pixels x and residual (..., C), C order, residual or None; output (N, C, ...) channels-last.
    """
    _pass('normalise', (x, residual), output, constants, bool(rectifies))


def _hand_back(
    x, output, grads, gradSum, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std,
    train, scale, eps,
):  # fmt: skip
    """Do what BatchNormalization_backward says for pixels x and grads, or BatchNormalizationReLU's, given an output."""
    channels, dtype = x.shape[-1], x.dtype
    vectors = _in_one_piece(weight, running_mean, running_var, save_mean, save_std, gradWeight, gradBias)
    weight, running_mean, running_var, save_mean, save_std, gradWeight, gradBias = vectors
    parts = _parts('products', (x, grads, output, gradSum), save_mean if train else running_mean)
    constants = _constants(channels, dtype)
    SOURCE.launch(
        'gradients<{T}>', dtype, blocks(channels, FINAL[0]), FINAL, parts, len(parts), float(x.size // channels),
        weight, running_var, save_mean, save_std, bool(train), float(scale), float(eps), gradWeight, gradBias,
        constants, channels, shared=2 * THREADS * 8,
    )  # fmt: skip
    if gradInput is not None:
        g = grads if gradSum is None else gradSum
        if train:
            _pass('differentiate', (x, g), gradInput, constants)
        else:
            _pass('normalise', (g, None), gradInput, constants, False)


def _parts(kernel, pixels, *args):
    """Return the two sums that a kernel takes over slices of pixels (..., C): (slices, 2, C), scratch memory."""
    x = pixels[0]
    rows, channels, wide = x.size // x.shape[-1], x.shape[-1], is_wide(x.shape[-1], *pixels)
    width = 16 // x.itemsize if wide else 1
    grid, block = shared_out(rows, channels, width, SUMMING)
    parts = scratch('parts', (grid[1], 2, channels), np.float64)
    SOURCE.launch(
        _name(kernel, wide), x.dtype, grid, block, *pixels, *args, parts, rows, channels, shared=2 * width * THREADS * 8
    )
    return parts


def _pass(kernel, pixels, result, *args):
    """Launch a kernel that makes of pixels (..., C), some of them None, those of a result (N, C, ...)."""
    result = _pixels(result)
    rows, channels = result.size // result.shape[-1], result.shape[-1]
    wide = is_wide(channels, result, *pixels)
    grid, block = shared_out(rows, channels, 16 // result.itemsize if wide else 1, PASSING)
    SOURCE.launch(_name(kernel, wide), result.dtype, grid, block, *pixels, result, *args, rows, channels)


def _name(kernel, wide):
    return f'{kernel}<{{T}}, {"true" if wide else "false"}>'


def _constants(channels, dtype):
    return scratch('constants', (4, channels), np.promote_types(dtype, np.float32))


def _pixels(result):
    """Return a result (N, C, *space) that lies channels-last as what it is in memory, (N, *space, C)."""
    rolled = np.moveaxis(result, 1, -1)
    if not rolled.flags.c_contiguous:
        raise ShapeError('expected a result that lies channels-last, got one that does not')
    return rolled


def _in_one_piece(*vectors):
    """Return vectors, some of them None, as they are, or say that one has gaps: the kernels know of no strides."""
    if not all(vector is None or vector.flags.c_contiguous for vector in vectors):
        raise ShapeError('expected a number for each channel side by side in memory, got some with gaps between')
    return vectors
