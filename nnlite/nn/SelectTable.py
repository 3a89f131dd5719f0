"""One element of a table."""

from collections.abc import Hashable

from nnlite.errors import Error, ShapeError
from nnlite.nn.Module import Module
from nnlite.nn.table import add_into, expect_like, zeros_like
from nnlite.tensor.dimensions import is_whole


class SelectTable(Module):
    """y = x[index] for a table x: its index-th element, counted from 1, or from -1 at the end.

    If x is a dict, index is a key of it. The gradient of every other element is zero.

    Args:
        index: the place of the element, or the key.

    Shapes: input a table; output one of its elements.

    Raises:
        ShapeError: the table has no such element.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SelectTable(-1).forward([np.float32([1]), np.float32([2, 3])])
    array([2., 3.], dtype=float32)

    Source: torch/nn, SelectTable.lua.
    """

    def __init__(self, index):
        super().__init__()
        if not isinstance(index, Hashable):
            raise Error(f'expected the number of an element or a key, got {index!r}', where='SelectTable')
        self.index = index
        self.gradInput = []

    def _place(self, input):
        if isinstance(input, dict):
            if self.index not in input:
                raise ShapeError(f'expected a table with the key {self.index!r}, got {sorted(input)}', self._name())
            return self.index
        self.expect_table(input)
        if not is_whole(self.index):
            raise ShapeError(f'expected a table (a dict) with the key {self.index!r}, got a list', self._name())
        if self.index == 0 or not -len(input) <= self.index <= len(input):
            hint = 'elements count from 1, as in Torch' if self.index == 0 else None
            raise ShapeError(f'expected a table of {abs(self.index)} or more, got {len(input)}', self._name(), hint)
        return self.index - 1 if self.index > 0 else len(input) + self.index

    def updateOutput(self, input):
        self.output = input[self._place(input)]
        return self.output

    def updateGradInput(self, input, gradOutput):
        place = self._place(input)
        expect_like(self, gradOutput, input[place], 'gradOutput')
        self.gradInput = zeros_like(self, 'gradInput', input)
        add_into(self, self.gradInput[place], gradOutput)
        return self.gradInput

    def __repr__(self):
        return f'nn.SelectTable({self.index})'
