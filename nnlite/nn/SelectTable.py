"""One element of a table."""

from nnlite.errors import ShapeError
from nnlite.nn.Module import Module
from nnlite.nn.table import add_into, zeros_like


class SelectTable(Module):
    """y = x[index] for a table x: its index-th element, counted from 1, or from -1 at the end.

    The gradient of every other element is zero.

    Source: torch/nn, SelectTable.lua.
    """

    def __init__(self, index):
        super().__init__()
        self.index = index
        self.gradInput = []

    def _place(self, input):
        self.expect_table(input)
        if self.index == 0 or not -len(input) <= self.index <= len(input):
            hint = 'elements count from 1, as in Torch' if self.index == 0 else None
            raise ShapeError(f'expected a table of {abs(self.index)} or more, got {len(input)}', self._name(), hint)
        return self.index - 1 if self.index > 0 else len(input) + self.index

    def updateOutput(self, input):
        self.output = input[self._place(input)]
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = zeros_like(self, 'gradInput', input)
        add_into(self.gradInput[self._place(input)], gradOutput)
        return self.gradInput

    def __repr__(self):
        return f'nn.SelectTable({self.index})'
