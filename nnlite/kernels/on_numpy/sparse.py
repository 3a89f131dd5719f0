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


def _scaled_rows(rows, places, factors):
    """Return factors[i] * rows[places[i]] for each i, as scratch memory."""
    scaled = scratch('scaled rows', (len(places), rows.shape[1]), rows.dtype)
    if rows.flags.c_contiguous:
        np.take(rows, places, axis=0, mode='clip', out=scaled)
    else:  # of which take would make a copy first, of all of them
        np.copyto(scaled, rows[places])
    return np.multiply(scaled, factors[:, None], out=scaled)
