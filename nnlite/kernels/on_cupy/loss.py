"""Losses on a GPU: sums in float64 that stay in its memory, so that nobody waits for them.

A loss is an array of no dimension, in scratch memory: who wants to keep it copies it.
"""

import numpy as np

from nnlite.kernels.on_cupy.columns import PASSING, SUMMING, parts_and_tickets, shared_out
from nnlite.kernels.on_cupy.launching import MOST_THREADS, THREADS, Source, blocks
from nnlite.kernels.on_cupy.memory import as_double
from nnlite.kernels.on_cupy.sums import sum_of_rows
from nnlite.kernels.on_numpy.scratch import contiguous, scratch
from nnlite.tensor.devices import is_on_gpu

AT_ONCE = 1 << 17  # scores that one block does
SOURCE = Source(
    'loss.cu',
    'nll<{T}>',
    'nll_back<{T}>',
    'cross_entropy<{T}>',
    'multi_label_margin<{T}>',
    'multi_label_margin_back<{T}>',
)


def ClassNLLCriterion_updateOutput(input, target, weights, ignoreIndex, sizeAverage):
    """Return (loss, total weight): loss = -sum over n of weights[target[n]] input[n, target[n]], over the total weight.

    Arguments as for NumPy's; what is returned are arrays () in float64. A target that is no class makes the loss NaN.
    """
    input, rows, classes = contiguous(input, 'input'), target.size, input.shape[-1]
    grid, block = shared_out(rows, 1, 1, SUMMING)
    result = scratch('loss', (2,), np.float64)
    SOURCE.launch(
        'nll<{T}>', input.dtype, grid, block, input, *_labels(target, weights, ignoreIndex), bool(sizeAverage),
        *parts_and_tickets(grid, 2, 1), result, rows, classes, shared=2 * THREADS * 8,
    )  # fmt: skip
    return result[:1].reshape(()), result[1:].reshape(())


def ClassNLLCriterion_updateGradInput(target, gradInput, weights, ignoreIndex, sizeAverage, total):
    """GradInput[n, target[n]] = -weights[target[n]], divided by the total weight; 0 everywhere else.

    The total is a number, or an array of one in the GPU's memory. A target that is no class has no gradient.
    """
    result = gradInput if gradInput.flags.c_contiguous else scratch('gradInput', gradInput.shape, gradInput.dtype)
    rows, classes = target.size, gradInput.shape[-1]
    grid, block = shared_out(rows, classes, 1, PASSING)
    in_memory, total = (as_double(total), 0) if is_on_gpu(total) else (None, total)
    SOURCE.launch(
        'nll_back<{T}>', gradInput.dtype, grid, block, *_labels(target, weights, ignoreIndex), bool(sizeAverage),
        in_memory, float(total), result, rows, classes,
    )  # fmt: skip
    if result is not gradInput:
        np.copyto(gradInput, result)


def CrossEntropyCriterion_updateOutput(input, logs, gradInput, target, weights, ignoreIndex, sizeAverage):
    """Do at once what LogSoftMax_updateOutput, ClassNLLCriterion_updateOutput and their ways back do one by one.

    Arguments and shapes as for NumPy's. The scores are a block's, as many as it has done before two could have begun.

    Returns:
        (loss, total weight), arrays () in float64; or None for more scores: nothing was done.
    """
    arrays = input, logs, gradInput
    if input.size > AT_ONCE or not all(array.flags.c_contiguous for array in arrays):
        return None
    result = scratch('loss', (2,), np.float64)
    SOURCE.launch(
        'cross_entropy<{T}>', input.dtype, 1, MOST_THREADS, input, *_labels(target, weights, ignoreIndex),
        bool(sizeAverage), *arrays[1:], result, *input.shape,
    )  # fmt: skip
    return result[:1].reshape(()), result[1:].reshape(())


def _labels(target, weights, ignoreIndex):
    """Return what the kernels know of targets."""
    weights = None if weights is None else contiguous(weights, 'weights')
    return contiguous(target, 'target'), weights, ignoreIndex is not None, np.int64(ignoreIndex or 0)


def MultiLabelMarginCriterion_updateOutput(input, target, isTarget):
    """Return the sum over n, over the targets t of row n and all d that are none, of max(0, 1 - x[n, t] + x[n, d]).

    It is an array () in float64. Arguments as for NumPy's.
    """
    losses = scratch('losses', (len(input), 1), np.float64)
    _margins('multi_label_margin<{T}>', input, target, isTarget, losses)
    return sum_of_rows(losses, 'loss').reshape(())


def MultiLabelMarginCriterion_updateGradInput(input, target, isTarget, gradInput):
    """GradInput = the gradient of what MultiLabelMarginCriterion_updateOutput gives."""
    result = gradInput if gradInput.flags.c_contiguous else scratch('gradInput', gradInput.shape, gradInput.dtype)
    _margins('multi_label_margin_back<{T}>', input, target, isTarget, result)
    if result is not gradInput:
        np.copyto(gradInput, result)


def _margins(kernel, input, target, isTarget, result):
    arrays = contiguous(input, 'input'), contiguous(target, 'target'), contiguous(isTarget, 'is target')
    SOURCE.launch(kernel, input.dtype, blocks(len(input), THREADS // 32), THREADS, *arrays, result, *input.shape)
