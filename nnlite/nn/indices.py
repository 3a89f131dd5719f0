"""Indices that a module is given: counted from 1, as in Torch, of any numeric type, and to be checked.

A module on the GPU takes them from the host too. What lies on the GPU is taken as it is: to look at it would mean to
wait until the GPU has got to it.
"""

import numpy as np

from nnlite.errors import DataError, DtypeError
from nnlite.tensor.devices import is_array, is_on_gpu


def from_zero(module, indices, count, name='input'):
    """Return indices that count from 1 to `count` as int64 that count from 0, where the module computes.

    Args:
        module: who was given them.
        indices: an array of any numeric type; on the GPU it is not checked.
        count: the largest index there may be.
        name: what the array is, for the messages.

    Raises:
        DtypeError: no array of numbers.
        DataError: an index that is not one of 1 to `count`.
    """
    if not is_array(indices) or indices.dtype.kind not in 'iuf':
        given = indices.dtype if is_array(indices) else type(indices).__name__
        raise DtypeError(f'expected {name} to be an array of numbers, got {given}', where=module._name())
    if is_on_gpu(indices):
        return module.placed(indices, name).astype(np.int64) - 1
    wrong = ~((indices >= 1) & (indices <= count) & (indices == np.rint(indices)))
    if wrong.any():
        bad = indices[wrong][0].item()
        hint = 'indices count from 1, as in Torch' if bad == 0 else None
        raise DataError(f'expected {name} of whole numbers from 1 to {count}, got {bad}', module._name(), hint)
    return module.placed(indices.astype(np.int64) - 1)


def take(array, places, axis, out):
    """Out = the slices of an array at these places, from 0, of one axis; return it."""
    modes = {} if is_on_gpu(array) else {'mode': 'clip'}  # NumPy's other modes would work on a copy of out
    return np.take(array, places, axis, out=out, **modes)


def add_rows(module, matrix, places, rows):
    """Add rows, one after the other, to those of a matrix at these places, from 0."""
    numbers, ones = module.xp.arange(len(places)), module.xp.ones(len(places), matrix.dtype)
    module.kernels.SparseLinear_accGradParameters(numbers, places, ones, rows, matrix, None, 1)
