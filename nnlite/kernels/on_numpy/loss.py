"""Losses: what one number a batch of outputs is worth, and its gradient. Sums are taken in float64."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch


def ClassNLLCriterion_updateOutput(input, target, weights, ignoreIndex, sizeAverage):
    """Return (loss, total weight): loss = -sum over n of weights[target[n]] input[n, target[n]], over the total weight.

    Args:
        input: log-probabilities (..., C).
        target: classes (...) counted from 1, int64; a target equal to ignoreIndex does not count.
        weights: one weight for each class (C), or None for ones.
        ignoreIndex: the label that means no label, or None.
        sizeAverage: whether the sum is divided by the total weight.
    """
    weight, place = _weights_and_places_of(target, weights, ignoreIndex)
    picked = np.take_along_axis(input, place, axis=-1).astype(np.float64)
    total = float(weight.sum())
    loss = 0.0 - float((picked * weight).sum(where=weight != 0))
    return (loss / total if sizeAverage and total else loss), total


def ClassNLLCriterion_updateGradInput(target, gradInput, weights, ignoreIndex, sizeAverage, total):
    """GradInput[n, target[n]] = -weights[target[n]], divided by the total weight; 0 everywhere else."""
    gradInput.fill(0)
    if total > 0:
        weight, place = _weights_and_places_of(target, weights, ignoreIndex)
        np.put_along_axis(gradInput, place, -weight / (total if sizeAverage else 1), axis=-1)


def CrossEntropyCriterion_updateOutput(input, logs, gradInput, target, weights, ignoreIndex, sizeAverage):
    """Do at once what LogSoftMax_updateOutput, ClassNLLCriterion_updateOutput and their ways back do one by one.

    Args:
        input: scores (N, C).
        logs: becomes the log-probabilities, like input.
        gradInput: becomes the gradient of the loss with respect to the scores, like input.
        target, weights, ignoreIndex, sizeAverage: as for ClassNLLCriterion_updateOutput.

    Returns:
        what ClassNLLCriterion_updateOutput does; or None, as here, where it is no cheaper, and nothing was done.
    """


def _weights_and_places_of(target, weights, ignoreIndex):
    """Return (..., 1) the weight, in float64, with which each target counts, and its place, from 0."""
    target = target[..., None]
    counts = target != ignoreIndex
    place = np.where(counts, target - 1, 0)
    return np.where(counts, 1.0 if weights is None else weights[place].astype(np.float64), 0.0), place


def MultiLabelMarginCriterion_updateOutput(input, target, isTarget):
    """Return the sum over n, over the targets t of row n and all d that are none, of max(0, 1 - x[n, t] + x[n, d]).

    Args:
        input: scores (N, C).
        target: for each row a list of classes (N, C), counted from 1, int64, filled up with 0.
        isTarget: which classes are in the list, bool (N, C).
    """
    return sum(float(np.sum(lack, dtype=np.float64)) for _, lack in _lacks(input, target, isTarget))


def MultiLabelMarginCriterion_updateGradInput(input, target, isTarget, gradInput):
    """GradInput = the gradient of what MultiLabelMarginCriterion_updateOutput gives."""
    gradInput.fill(0)
    rows = np.arange(len(input))
    for place, lack in _lacks(input, target, isTarget):
        np.sign(lack, out=lack)
        np.add(gradInput, lack, out=gradInput)
        gradInput[rows, place] -= lack.sum(axis=1)


def _lacks(input, target, isTarget):
    """Yield for the first target of each row, then the second ...: its place, and what each d makes it lack, (N, C)."""
    rows = np.arange(len(input))
    lack = scratch('lack', input.shape, input.dtype)
    for label in target.T:
        if not label.any():
            return
        np.add(input, (1 - input[rows, label - 1])[:, None], out=lack)
        np.maximum(lack, 0, out=lack)
        np.copyto(lack, 0, where=isTarget)
        np.copyto(lack, 0, where=label[:, None] == 0)
        yield label - 1, lack
