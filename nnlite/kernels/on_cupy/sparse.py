"""Linear layers on sparse inputs: entries are sorted by the row that they add to, so that each row has one who adds.

An input is a list of entries: entry i says that in sample `samples[i]` the input `keys[i]` is `values[i]`. Sorting them
takes new memory each time, so that these kernels are not for CUDA graphs.
"""

import numpy as np

from nnlite.kernels.on_cupy.launching import MOST_BLOCKS, THREADS, Source, blocks
from nnlite.kernels.on_numpy.scratch import contiguous
from nnlite.kernels.on_numpy.sums import sum_of_rows

WARP = 32
ENTRIES = MOST_BLOCKS  # at a time
_STEPS = np.dtype([('row', np.int64), ('column', np.int64)])

_source = Source('sparse.cu', 'add_rows<{T}>', 'normalize<{T}>', 'step_rows<{T}>')


def SparseLinear_updateOutput(samples, keys, values, output, weight, bias):
    """Output (samples, out) = bias + the sums over a sample's entries of value * weight[key]; weight (inputs, out)."""
    np.copyto(output, bias)
    _add_rows(samples, keys, values, weight, output, 1)


def SparseLinear_accGradParameters(samples, keys, values, gradOutput, gradWeight, gradBias, scale):
    """GradWeight[key] += scale * value * gradOutput[sample] for each entry; gradBias, or None, += scale * the sum."""
    _add_rows(keys, samples, values, gradOutput, gradWeight, scale)
    if gradBias is not None:
        np.add(gradBias, scale * sum_of_rows(gradOutput), out=gradBias, casting='same_kind')


def IndexLinear_normalize(keys, values, normalized, weight, train):
    """Normalized = value / largest, cut off at -1 and 1, + shift; in training, largest is brought up to date first.

    Columns of weight: as in NumPy's.
    """
    groups, order = _sorted(keys)
    values, count = contiguous(values, 'values'), len(keys)
    arguments = groups, order, values, normalized, weight, _steps(weight), bool(train), count
    _source.launch('normalize<{T}>', weight.dtype, blocks(count), THREADS, *arguments)


def IndexLinear_updateParameters(keys, gradWeight, weight, before, learningRate, weightDecay):
    """Weight[key] -= learningRate * the key's row of gradWeight + weightDecay * weight[key], row by row.

    Columns of weight, and what stands in front of gradWeight's: as in NumPy's.
    """
    groups, order = _sorted(keys)
    grads, count, outputs = contiguous(gradWeight, 'gradWeight'), len(keys), weight.shape[1] - before
    sizes = before, outputs, float(learningRate), float(weightDecay), count
    arguments = groups, order, grads, weight, _steps(weight), *sizes
    block = WARP, THREADS // WARP
    _source.launch('step_rows<{T}>', weight.dtype, blocks(count, block[1]), block, *arguments)


def _add_rows(groups, places, factors, rows, result, scale):
    """Result[groups[i]] += scale * factors[i] * rows[places[i]], for each i."""
    groups, order = _sorted(groups)
    places, factors = contiguous(places, 'places'), contiguous(factors, 'factors')
    columns, count = rows.shape[1], len(groups)
    threads = min(THREADS, blocks(columns, WARP) * WARP)
    grid = blocks(columns, threads), min(count, ENTRIES)
    arguments = groups, order, places, factors, rows, _steps(rows), result, _steps(result), float(scale), columns, count
    _source.launch('add_rows<{T}>', result.dtype, grid, threads, *arguments)


def _sorted(groups):
    """Return the groups in order, and which entry is where; those of one group stay in theirs."""
    order = np.argsort(groups, kind='stable')
    return groups[order], order


def _steps(matrix):
    return np.array(tuple(step // matrix.itemsize for step in matrix.strides), _STEPS)[()]
