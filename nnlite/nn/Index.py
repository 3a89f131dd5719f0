"""Slices of an array, chosen by indices that come with it."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.indices import add_rows, from_zero, take
from nnlite.nn.Module import Module
from nnlite.nn.table import zeros_like
from nnlite.tensor.dimensions import axis_of


class Index(Module):
    """y = the slices of x at the given indices of one dimension, in their order; one may be given more than once.

    The input is a table: x, and the indices, one-dimensional and counted from 1. The gradient of these is zero.

    Args:
        dimension: counted from 1, or from -1 at the end.

    Shapes: input [x, indices (n)]; output as x, but n along the dimension.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Index(1).forward([np.float32([7, 8, 9]), np.array([3, 3, 1])])
    array([9., 9., 7.], dtype=float32)

    Raises:
        ShapeError: x has no such dimension, or the indices have more than one.
        DataError: x has no such index.

    Source: torch/nn, Index.lua.
    """

    def __init__(self, dimension):
        super().__init__()
        self.dimension = dimension
        self.gradInput = []

    def _places(self, input):
        """Return the axis, and the indices, from 0."""
        array, indices = input
        axis = axis_of(self.dimension, array.ndim, self)
        places = from_zero(self, indices, array.shape[axis], 'indices')
        if places.ndim != 1:
            raise ShapeError(f'expected indices (n,), got {places.shape}', where=self._name())
        return axis, places

    def updateOutput(self, input):
        self.expect_table(input, 2)
        array = input[0]
        self.expect(array)
        axis, places = self._places(input)
        self.output = self.buffer('output', (*array.shape[:axis], len(places), *array.shape[axis + 1 :]), like=array)
        return take(array, places, axis, out=self.output)

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        axis, places = self._places(input)
        self.gradInput = zeros_like(self, 'gradInput', input)
        slices = np.moveaxis(self.gradInput[0], axis, 0)
        rows = self.buffer('rows', (len(slices), slices.size // len(slices)), like=slices)
        rows.fill(0)
        add_rows(self, rows, places, np.moveaxis(gradOutput, axis, 0).reshape(len(places), rows.shape[1]))
        np.copyto(slices, rows.reshape(slices.shape))
        return self.gradInput

    def write(self):
        return {**super().write(), 'gradInput': [np.empty(0, self.dtype), np.empty(0, self.dtype)]}  # for Torch to fill
