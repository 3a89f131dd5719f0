"""Losses: what one number a batch of outputs is worth, and its gradient. Sums are taken in float64."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows


def ClassNLLCriterion_updateOutput(input, target, weights, ignoreIndex, sizeAverage):
    """Return (loss, total weight): loss = -sum over n of weights[target[n]] input[n, target[n]], over the total weight.

    Args:
        input: log-probabilities (N, C).
        target: classes (N) counted from 1, int64; a target equal to ignoreIndex does not count.
        weights: one weight for each class (C), or None for ones.
        ignoreIndex: the label that means no label.
        sizeAverage: whether the sum is divided by the total weight.
    """
    weight = _weights_of(target, weights, ignoreIndex)
    rows = np.arange(len(target))
    picked = input[rows, np.where(weight != 0, target - 1, 0)].astype(np.float64)
    total = float(weight.sum())
    loss = 0.0 - float((picked * weight).sum(where=weight != 0))
    return (loss / total if sizeAverage and total else loss), total


def ClassNLLCriterion_updateGradInput(target, gradInput, weights, ignoreIndex, sizeAverage, total):
    """GradInput[n, target[n]] = -weights[target[n]], divided by the total weight; 0 everywhere else."""
    gradInput.fill(0)
    if total > 0:
        weight = _weights_of(target, weights, ignoreIndex)
        counts = np.flatnonzero(target != ignoreIndex)
        gradInput[counts, target[counts] - 1] = -weight[counts] / (total if sizeAverage else 1)


def _weights_of(target, weights, ignoreIndex):
    """Return the weight (N), in float64, with which each target counts."""
    counts = target != ignoreIndex
    if weights is None:
        return counts.astype(np.float64)
    return np.where(counts, weights[np.where(counts, target - 1, 0)], 0).astype(np.float64)


def MSECriterion_updateOutput(input, target, sizeAverage):
    """Return the sum of (input - target)^2, divided by the number of elements if sizeAverage."""
    difference = scratch('difference', input.shape, input.dtype)
    np.subtract(input, target, out=difference)
    np.multiply(difference, difference, out=difference)
    total = float(sum_of_rows(difference.reshape(-1, 1))[0])
    return total / input.size if sizeAverage and input.size else total


def MSECriterion_updateGradInput(input, target, gradInput, sizeAverage):
    """GradInput = 2 (input - target), divided by the number of elements if sizeAverage."""
    np.subtract(input, target, out=gradInput)
    np.multiply(gradInput, 2 / input.size if sizeAverage and input.size else 2, out=gradInput)
