"""A table of tables, its rows and columns exchanged."""

from nnlite.nn.Module import Module
from nnlite.nn.table import expect_like


class ZipTable(Module):
    """y[j][i] = x[i][j]: [[a1, a2], [b1, b2], [c1, c2]] becomes [[a1, b1, c1], [a2, b2, c2]].

    Raises:
        ShapeError: the tables differ in their number of elements.

    Source: torch/nn, ZipTable.lua.
    """

    def __init__(self):
        super().__init__()
        self.output, self.gradInput = [], []

    def updateOutput(self, input):
        self.expect_table(input)
        for number, table in enumerate(input):
            self.expect_table(table, None if number == 0 else len(input[0]), f'input[{number}]')
        self.output = _transposed(input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        expect_like(self, gradOutput, self.output, 'gradOutput')
        self.gradInput = _transposed(gradOutput)
        return self.gradInput


def _transposed(table):
    return [list(column) for column in zip(*table, strict=True)]
