"""Sizes as Lua lists them, and dimensions as it counts them, from 1, where NumPy counts from 0."""

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
    """
    if nInputDims is not None and ndim == nInputDims + 1 and dimension > 0:
        dimension += 1
    if dimension == 0 or not -ndim <= dimension <= ndim:
        where = module._name() if module is not None else None
        hint = 'dimensions count from 1, as in Torch' if dimension == 0 else None
        raise ShapeError(f'expected a dimension from 1 to {ndim}, got {dimension}', where=where, hint=hint)
    return dimension - 1 if dimension > 0 else ndim + dimension


def sizes_of(sizes, module=None):
    """Return the sizes that were given one by one, or as one list or LongStorage of them.

    >>> sizes_of([2, 3]), sizes_of([(2, 3)])
    ([2, 3], [2, 3])

    Raises:
        Error: one of them is no whole number.
    """
    if len(sizes) == 1 and isinstance(sizes[0], (list, tuple, np.ndarray, Storage)):
        (sizes,) = sizes
    for size in sizes:
        if not isinstance(size, (int, np.integer)):
            where = type(module).__name__ if module is not None else None
            raise Error(f'expected whole numbers as sizes, got {size!r}', where=where)
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
