"""A part of a table."""

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.nn.arguments import whole
from nnlite.nn.Module import Module
from nnlite.nn.table import expect_like, zeros_like


class NarrowTable(Module):
    """y = [x[offset], ..., x[offset + length - 1]], for a table x, counted from 1.

    Args:
        offset: the place of the first element.
        length: how many elements, 1 by default.

    Shapes: input a table; output a table of `length` elements.

    Raises:
        ShapeError: the table ends before.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.NarrowTable(2, 2).forward([np.float32([1]), np.float32([2]), np.float32([3])])
    [array([2.], dtype=float32), array([3.], dtype=float32)]

    Source: torch/nn, NarrowTable.lua.
    """

    def __init__(self, offset, length=None):
        super().__init__()
        self.offset = offset
        self.length = 1 if length is None else whole(self, 'length', length, 0)
        if not isinstance(offset, (int, np.integer)) or offset < 1:
            raise Error(f'expected an offset from 1 up, got {offset}', where='NarrowTable')
        self.output, self.gradInput = [], []

    def _part(self):
        return slice(self.offset - 1, self.offset - 1 + self.length)

    def updateOutput(self, input):
        self.expect_table(input)
        if len(input) < self._part().stop:
            raise ShapeError(f'expected a table of {self._part().stop} or more, got {len(input)}', where=self._name())
        self.output = input[self._part()]
        return self.output

    def updateGradInput(self, input, gradOutput):
        expect_like(self, gradOutput, input[self._part()], 'gradOutput')
        self.gradInput = zeros_like(self, 'gradInput', input)
        self.gradInput[self._part()] = gradOutput
        return self.gradInput
