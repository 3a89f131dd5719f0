"""Sizes as Lua lists them, and dimensions as it counts them, from 1, where NumPy counts from 0."""

import numbers

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.tensor.storage import Storage


def axis_of(dimension, ndim, module=None, nInputDims=None):
    """Return the axis, from 0, of a dimension counted from 1, or from -1 at the end.

    Args:
        dimension: the dimension.
        ndim: how many dimensions the array has.
        module: who asks, for the message.
        nInputDims: how many dimensions an array has without the batch's, if that matters: those of one with one more
            are counted after it.

    >>> axis_of(2, 4), axis_of(-1, 4), axis_of(2, 4, nInputDims=3)
    (1, 3, 2)

    Raises:
        ShapeError: there is no such dimension.
        Error: one of the two is no whole number.
    """
    where = module._name() if module is not None else None
    if not is_whole(dimension):
        raise Error(f'expected a whole number as dimension, got {dimension!r}', where=where)
    if nInputDims is not None and not is_whole(nInputDims):
        raise Error(f'expected nInputDims to be a whole number, got {nInputDims!r}', where=where)
    if nInputDims is not None and ndim == nInputDims + 1 and dimension > 0:
        dimension += 1
    if dimension == 0 or not -ndim <= dimension <= ndim:
        hint = 'dimensions count from 1, as in Torch' if dimension == 0 else None
        raise ShapeError(f'expected a dimension from 1 to {ndim}, got {dimension}', where=where, hint=hint)
    return dimension - 1 if dimension > 0 else ndim + dimension


def is_whole(value):
    """Return whether a value is a whole number by its type.

    >>> is_whole(2), is_whole(np.int64(2)), is_whole(2.0), is_whole(True)
    (True, True, False, False)
    """
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def sizes_of(sizes, module=None, least=1):
    """Return the sizes that were given one by one, or as one list or LongStorage of them.

    >>> sizes_of([2, 3]), sizes_of([(2, 3)])
    ([2, 3], [2, 3])

    Raises:
        Error: one of them is no whole number from `least` up.
    """
    if len(sizes) == 1 and isinstance(sizes[0], (list, tuple, np.ndarray, Storage)):
        (sizes,) = sizes
    for size in sizes:
        if not is_whole(size) or size < least:
            where = type(module).__name__ if module is not None else None
            raise Error(f'expected sizes that are whole numbers from {least} up, got {size!r}', where=where)
    return [int(size) for size in sizes]


def narrow(array, axis, place):
    """Return the view of an array that takes the slice `place` of one axis and all of the others."""
    return array[(slice(None),) * axis + (place,)]


def slices(array, axis):
    """Return the views of an array, one dimension less, at each place of one axis.

    >>> import numpy as np
    >>> [column.tolist() for column in slices(np.arange(6).reshape(2, 3), 1)]
    [[0, 3], [1, 4], [2, 5]]
    """
    return [array[(slice(None),) * axis + (place, ...)] for place in range(array.shape[axis])]
