"""Indices that a module is given: counted from 1, as in Torch, of any numeric type, and to be checked."""

import numpy as np

from nnlite.errors import DataError, DtypeError
from nnlite.tensor.devices import is_array


def from_zero(module, indices, count, name='input'):
    """Return indices that count from 1 to `count` as int64 that count from 0.

    Args:
        module: who was given them, for the messages.
        indices: an array of any numeric type.
        count: the largest index there may be.
        name: what the array is, for the messages.

    Raises:
        DtypeError: no array of numbers.
        DataError: an index that is not one of 1 to `count`.
    """
    if not is_array(indices) or indices.dtype.kind not in 'iuf':
        given = indices.dtype if is_array(indices) else type(indices).__name__
        raise DtypeError(f'expected {name} to be an array of numbers, got {given}', where=module._name())
    wrong = ~((indices >= 1) & (indices <= count) & (indices == np.rint(indices)))
    if wrong.any():
        bad = indices[wrong][0].item()
        hint = 'indices count from 1, as in Torch' if bad == 0 else None
        raise DataError(f'expected {name} of whole numbers from 1 to {count}, got {bad}', module._name(), hint)
    return indices.astype(np.int64) - 1
