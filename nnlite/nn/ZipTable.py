"""A table of tables, its rows and columns exchanged."""

from nnlite.nn.Module import Module
from nnlite.nn.table import expect_like


class ZipTable(Module):
    """y[j][i] = x[i][j]: [[a1, a2], [b1, b2], [c1, c2]] becomes [[a1, b1, c1], [a2, b2, c2]].

    Shapes: input a table of tables of as many elements each; output a table of as many tables.

    Raises:
        ShapeError: the tables differ in their number of elements.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> a, b = np.float32([1]), np.float32([2])
    >>> nn.ZipTable().forward([[a, b], [a, b]])
    [[array([1.], dtype=float32), array([1.], dtype=float32)], [array([2.], dtype=float32), array([2.], dtype=float32)]]

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
