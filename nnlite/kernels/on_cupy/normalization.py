"""Batch normalization on a GPU: two passes over memory each way.

Sums are added up in double, in an order that is always the same, with no number taken off first: they are as exact as
THNN's. A convolution can leave the sums that are needed forward, the `moments`: then the first pass is no pass over the
map.
"""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.kernels.on_cupy.columns import FINAL, PASSING, SUMMING, is_wide, name_of, parts_and_tickets, shared_out
from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks, pointers
from nnlite.kernels.on_numpy.scratch import channels_last, contiguous, scratch

_PASSES = 'learn', 'normalise', 'add_gradients', 'differentiate'
SOURCE = Source(
    'normalization.cu',
    'learn_from_parts<{T}>',
    'recall<{T}>',
    'fold<{T}>',
    *[name_of(kernel, wide) for kernel in _PASSES for wide in (False, True)],
)


def _record(pointers, doubles, *others):
    """Return the type of a struct of CUDA's, as launched by value."""
    names = [*[(name, np.uint64) for name in pointers.split()], *[(name, np.float64) for name in doubles.split()]]
    return np.dtype([*names, *others])


STATISTICS = _record('weight bias running_mean running_var save_mean save_std constants', 'count momentum eps')
GRADIENTS = _record(
    'weight bias running_mean running_var save_mean save_std gradWeight gradBias constants',
    'count scale eps',
    ('train', np.int64),
    ('rectified', np.int64),
)


def BatchNormalization_updateOutput(
    input, output, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps, moments=None
):
    """Output = (input - mean) / sqrt(var + eps) * weight + bias, for each channel.

    Shapes, and what becomes of the statistics: as in NumPy's.
    """
    x, vectors = channels_last(input, 'input'), (weight, bias, running_mean, running_var, save_mean, save_std)
    normalise(x, None, output, statistics(x, *vectors, train, momentum, eps, moments), False)


def BatchNormalizationReLU_updateOutput(
    input, residual, output, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps,
    moments=None,
):  # fmt: skip
    """Output = max(0, BatchNormalization_updateOutput's + residual), in the same passes; NaN stays.

    Shapes: as in BatchNormalization_updateOutput; residual like input, or None for zero.
    """
    x, vectors = channels_last(input, 'input'), (weight, bias, running_mean, running_var, save_mean, save_std)
    added = None if residual is None else channels_last(residual, 'residual')
    normalise(x, added, output, statistics(x, *vectors, train, momentum, eps, moments), True)


def BatchNormalization_fold(layer_weight, layer_bias, weight, bias, running_mean, running_var, eps, number=0):
    """Return the weight and the bias of a layer that does, in evaluation, what one and a batch normalization do.

    Formulas and shapes: as in NumPy's.
    """
    kernels = contiguous(layer_weight, 'weight of a layer')
    folded = scratch(f'folded weight {number}', kernels.shape, kernels.dtype)
    shift = scratch(f'folded bias {number}', running_mean.shape, kernels.dtype)
    vectors = layer_bias, weight, bias, running_mean, running_var
    vectors = [None if vector is None else contiguous(vector, f'vector {i}') for i, vector in enumerate(vectors)]
    outputs, numbers = len(folded), folded.size // max(1, len(folded))
    SOURCE.launch('fold<{T}>', kernels.dtype, outputs, THREADS, kernels, *vectors, folded, shift, float(eps), numbers)
    return folded, shift


def BatchNormalization_backward(
    input, gradOutput, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std, train,
    scale, eps,
):  # fmt: skip
    """Write gradInput and add scale times the parameters' gradients to gradWeight and gradBias; each may be None.

    Shapes and formulas: as in NumPy's.
    """
    _hand_back(
        channels_last(input, 'input'), None, channels_last(gradOutput, 'gradOutput'), None, gradInput, gradWeight,
        gradBias, weight, None, running_mean, running_var, save_mean, save_std, train, scale, eps,
    )  # fmt: skip


def BatchNormalizationReLU_backward(
    input, output, gradOutput, gradSum, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean,
    save_std, train, scale, eps, bias=None,
):  # fmt: skip
    """Write gradSum = gradOutput where output > 0, else 0, and do for it what BatchNormalization_backward does.

    Without a gradSum, in training, the output is found again from the input and not read, and gradOutput stays.

    Shapes: as in BatchNormalization_backward; gradSum of any strides, or in gradOutput's place, or None.
    """
    if gradSum is None and train:
        _hand_back(
            channels_last(input, 'input'), None, channels_last(gradOutput, 'gradOutput'), None, gradInput, gradWeight,
            gradBias, weight, bias, running_mean, running_var, save_mean, save_std, train, scale, eps, rectified=True,
        )  # fmt: skip
        return
    gradSum = gradOutput if gradSum is None else gradSum
    rolled = np.moveaxis(gradSum, 1, -1)
    written = rolled if rolled.flags.c_contiguous else scratch('gradSum', rolled.shape, rolled.dtype)
    _hand_back(
        channels_last(input, 'input'), channels_last(output, 'output'), channels_last(gradOutput, 'gradOutput'),
        written, gradInput, gradWeight, gradBias, weight, None, running_mean, running_var, save_mean, save_std, train,
        scale, eps,
    )  # fmt: skip
    if written is not rolled:
        np.copyto(rolled, written)


def statistics(
    x, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps, moments=None
):  # fmt: skip
    """Do with the statistics of pixels x (..., C), C order, what BatchNormalization_updateOutput says.

    Args:
        moments: what ConvolutionMoments_updateOutput returned where x comes from there: (slices, 2, C), float64, the
            sums of x, and of x^2, over some of the pixels each.

    Returns:
        what `normalise` computes with, (3, C), scratch memory: mean, slope and shift of each channel, float32 where
        numbers are float16.
    """
    channels = x.shape[-1]
    vectors = weight, bias, running_mean, running_var, save_mean, save_std
    constants = _constants(3, running_mean)
    record = np.array((*pointers(*vectors, constants), x.size // channels, momentum, eps), STATISTICS)[()]
    if not train:
        SOURCE.launch('recall<{T}>', x.dtype, blocks(channels), THREADS, record, channels)
    elif moments is None:
        _launch_sums('learn', (x,), record)
    else:
        across, down = FINAL
        SOURCE.launch(
            'learn_from_parts<{T}>', x.dtype, blocks(channels, across), FINAL, moments, len(moments), record, channels,
            shared=2 * across * down * 8,
        )  # fmt: skip
    return constants


def normalise(x, residual, output, constants, rectifies):
    """Output = (x - mean) slope + shift [+ residual], by constants from `statistics`; if it `rectifies`, 0 if below.

    Shapes: pixels x and residual (..., C), C order, residual or None; output (N, C, ...) channels-last.
    """
    _pass('normalise', (x, residual), output, constants, bool(rectifies))


def _hand_back(
    x, output, grads, gradSum, gradInput, gradWeight, gradBias, weight, bias, running_mean, running_var, save_mean,
    save_std, train, scale, eps, rectified=False,
):  # fmt: skip
    """Do what BatchNormalization_backward says for pixels x and grads.

    What BatchNormalizationReLU's says, if there is an output, or if it is `rectified`: in training only.
    """
    constants = _constants(5, running_mean)
    vectors = weight, bias, running_mean, running_var, save_mean, save_std, gradWeight, gradBias, constants
    numbers = x.size // x.shape[-1], scale, eps, bool(train), rectified
    record = np.array((*pointers(*vectors), *numbers), GRADIENTS)[()]
    _launch_sums('add_gradients', (x, grads, output, gradSum), record)
    if gradInput is not None:
        g = grads if gradSum is None else gradSum
        if train:
            _pass('differentiate', (x, g), gradInput, constants, rectified)
        else:
            _pass('normalise', (g, None), gradInput, constants, False)


def _launch_sums(kernel, pixels, record):
    """Launch a kernel that takes two sums for each channel of pixels (..., C), some of them None."""
    x = pixels[0]
    rows, channels, wide = x.size // x.shape[-1], x.shape[-1], is_wide(x.shape[-1], *pixels)
    width = 16 // x.itemsize if wide else 1
    grid, block = shared_out(rows, channels, width, SUMMING)
    SOURCE.launch(
        name_of(kernel, wide), x.dtype, grid, block, *pixels, *parts_and_tickets(grid, 2, channels), record, rows,
        channels, shared=2 * width * THREADS * 8,
    )  # fmt: skip


def _pass(kernel, pixels, result, *args):
    """Launch a kernel that makes of pixels (..., C), some of them None, those of a result (N, C, ...)."""
    result = _pixels(result)
    rows, channels = result.size // result.shape[-1], result.shape[-1]
    wide = is_wide(channels, result, *pixels)
    grid, block = shared_out(rows, channels, 16 // result.itemsize if wide else 1, PASSING)
    SOURCE.launch(name_of(kernel, wide), result.dtype, grid, block, *pixels, result, *args, rows, channels)


def _constants(kinds, vector):
    """Return memory for so many numbers for each channel, of the type that the kernels compute in."""
    return scratch('constants', (kinds, len(vector)), np.promote_types(vector.dtype, np.float32))


def _pixels(result):
    """Return a result (N, C, *space) that lies channels-last as what it is in memory, (N, *space, C)."""
    rolled = np.moveaxis(result, 1, -1)
    if not rolled.flags.c_contiguous:
        raise ShapeError('expected a result that lies channels-last, got one that does not')
    return rolled
