"""A piece of one dimension."""

from nnlite.errors import ShapeError
from nnlite.nn.arguments import whole
from nnlite.nn.piece import Piece
from nnlite.tensor.dimensions import axis_of, narrow


class Narrow(Piece):
    """y = the piece of x that takes `length` elements of one dimension, from `offset` on.

    Args:
        dimension: counted from 1, or from -1 at the end.
        offset: the first element, counted from 1; below zero, the piece is all but the last `length` elements.
        length: how many, 1 by default; below zero, up to the element of that number counted from -1 at the end.

    Shapes: input any; output the same, `length` along the dimension.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Narrow(1, 2, -2).forward(np.float32([1, 2, 3, 4, 5]))
    array([2., 3., 4.], dtype=float32)

    Raises:
        ShapeError: the input has no such dimension, or no such piece.

    Source: torch/nn, Narrow.lua.
    """

    length = 1

    def __init__(self, dimension, offset, length=None):
        super().__init__()
        self.dimension = whole(self, 'dimension', dimension)
        self.index = whole(self, 'offset', offset)
        self.length = 1 if length is None else whole(self, 'length', length)

    def _piece(self, array):
        axis = axis_of(self.dimension, array.ndim, self)
        size = array.shape[axis]
        begin, length = self.index, self.length
        if length < 0:
            length += size - begin + 2
        if begin < 0:
            begin, length = 1, size - length
        if begin < 1 or length < 1 or begin + length - 1 > size:
            hint = 'elements count from 1, as in Torch' if self.index == 0 else None
            raise ShapeError(
                f'expected elements from 1 to {size} of dimension {axis + 1}, got {length} from {begin} on',
                where=self._name(),
                hint=hint,
            )
        return narrow(array, axis, slice(begin - 1, begin - 1 + length))
