"""One slice of the input."""

from nnlite.errors import ShapeError
from nnlite.nn.arguments import whole
from nnlite.nn.piece import Piece
from nnlite.tensor.dimensions import axis_of, narrow


class Select(Piece):
    """y = the slice of x at one index of one dimension, which y is without.

    Args:
        dimension: counted from 1, or from -1 at the end.
        index: counted from 1, or from -1 at the end.

    Shapes: input of two or more dimensions; output the same without the one.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Select(1, -1).forward(np.float32([[1, 2], [3, 4]]))
    array([3., 4.], dtype=float32)

    Raises:
        ShapeError: the input has one dimension only, not this one, or not this index.

    Source: torch/nn, Select.lua.
    """

    def __init__(self, dimension, index):
        super().__init__()
        self.dimension = dimension
        self.index = whole(self, 'index', index)

    def _piece(self, array):
        if array.ndim < 2:
            raise ShapeError(f'expected an input of two or more dimensions, got {array.shape}', where=self._name())
        axis = axis_of(self.dimension, array.ndim, self)
        size = array.shape[axis]
        if self.index == 0 or not -size <= self.index <= size:
            hint = 'indices count from 1, as in Torch' if self.index == 0 else None
            raise ShapeError(f'expected an index from 1 to {size}, got {self.index}', self._name(), hint)
        return narrow(array, axis, self.index - (self.index > 0))
