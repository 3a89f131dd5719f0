"""Arrays joined along an axis: the shape of the whole, and the part of it that each of them takes."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.tensor.dimensions import narrow


def join(module, parts, axis, what):
    """Return arrays, joined along an axis, in the module's memory for its output; the arguments are joined_shape's."""
    whole = module.buffer('output', joined_shape(module, parts, axis, what), like=parts[0])
    for part, window in zip(parts, windows(whole, parts, axis), strict=True):
        np.copyto(window, part)
    return whole


def joined_shape(module, parts, axis, what):
    """Return the shape of arrays that are joined along an axis.

    Args:
        module: which module joins them.
        parts: the arrays.
        axis: the axis, from 0.
        what: what the arrays are, for the message.

    Raises:
        ShapeError: they differ along another axis.
    """
    if len({part.shape[:axis] + (0,) + part.shape[axis + 1 :] for part in parts}) > 1:
        shapes = ', '.join(str(part.shape) for part in parts)
        raise ShapeError(f'expected {what} alike but for dimension {axis + 1}, got {shapes}', where=module._name())
    return [*parts[0].shape[:axis], sum(part.shape[axis] for part in parts), *parts[0].shape[axis + 1 :]]


def windows(whole, parts, axis):
    """Return, for each of the arrays that are joined along an axis, the view of the whole that it takes."""
    views, begin = [], 0
    for part in parts:
        views.append(narrow(whole, axis, slice(begin, begin + part.shape[axis])))
        begin += part.shape[axis]
    return views
