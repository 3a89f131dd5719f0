"""Linear layers on sparse inputs: products of a few values with rows of a large matrix, one row for each input.

An input is a list of entries: entry i says that in sample `samples[i]` the input `keys[i]` is `values[i]`.
"""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows


def SparseLinear_updateOutput(samples, keys, values, output, weight, bias):
    """Output (samples, out) = bias + the sums over a sample's entries of value * weight[key]; weight (inputs, out)."""
    np.copyto(output, bias)
    np.add.at(output, samples, _scaled_rows(weight, keys, values))


def SparseLinear_accGradParameters(samples, keys, values, gradOutput, gradWeight, gradBias, scale):
    """GradWeight[key] += scale * value * gradOutput[sample] for each entry; gradBias, or None, += scale * the sum."""
    np.add.at(gradWeight, keys, _scaled_rows(gradOutput, samples, scale * values))
    if gradBias is not None:
        np.add(gradBias, scale * sum_of_rows(gradOutput), out=gradBias, casting='same_kind')


def IndexLinear_normalize(keys, values, normalized, weight, train):
    """Normalized = value / largest, cut off at -1 and 1, + shift; in training, largest is brought up to date first.

    The first columns of weight (inputs, 4 + out) are an input's largest size so far, its inverse, the rate of its
    steps, and its shift.
    """
    for turn in _turns(keys):
        key, value = keys[turn], values[turn]
        size = np.abs(value)
        if train:
            grown = size > weight[key, 0]
            weight[key[grown], 0] = size[grown]
            weight[key[grown], 1] = 1 / size[grown]
            weight[key, 2] = 1
        within = size <= weight[key, 0]
        normalized[turn] = np.where(within, value * weight[key, 1], np.sign(value)) + weight[key, 3]


def IndexLinear_updateParameters(keys, gradWeight, weight, before, learningRate, weightDecay):
    """Weight[key] -= learningRate * the key's row of gradWeight + weightDecay * weight[key], row by row.

    Where columns stand `before` W in weight, they hold what IndexLinear_normalize says, and gradWeight's rows begin
    with the gradient that the shift's is made of.
    """
    if not before and not weightDecay:
        step = scratch('step', gradWeight.shape, gradWeight.dtype)
        np.subtract.at(weight, keys, np.multiply(gradWeight, learningRate, out=step))
        return
    outputs = weight.shape[1] - before
    for turn in _turns(keys):
        key, grads = keys[turn], gradWeight[turn]
        row, rate = weight[key, before:], weight[key, 2:3] if before else 1
        if before:
            shift = (grads[:, :outputs] * row).sum(axis=1, keepdims=True)
            weight[key, 3:4] -= learningRate * rate * shift
        weight[key, before:] -= rate * (learningRate * grads[:, -outputs:] + weightDecay * row)


def _turns(keys):
    """Yield the places of the keys in turns: in the first where each one stands first, and so on.

    Within a turn no key comes twice, so that what is done for all at once is what one after the other would do.
    """
    order = np.argsort(keys, kind='stable')
    groups = keys[order]
    turn = np.empty(len(keys), np.int64)
    turn[order] = np.arange(len(keys)) - np.searchsorted(groups, groups)
    for number in range(turn.max(initial=-1) + 1):
        yield np.flatnonzero(turn == number)


def _scaled_rows(rows, places, factors):
    """Return factors[i] * rows[places[i]] for each i, as scratch memory."""
    scaled = scratch('scaled rows', (len(places), rows.shape[1]), rows.dtype)
    if rows.flags.c_contiguous:
        np.take(rows, places, axis=0, mode='clip', out=scaled)
    else:  # of which take would make a copy first, of all of them
        np.copyto(scaled, rows[places])
    return np.multiply(scaled, factors[:, None], out=scaled)
