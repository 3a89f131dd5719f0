"""One array, added to each of a table."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.nn.table import add_into, copy_into, expect_alike, expect_like


class CAddTensorTable(Module):
    """y = [x_1 + t for t in x_2], for a table of an array x_1 and a table x_2 of arrays of its shape.

    Shapes: input [x_1, [x_2, x_3, ...]], all of one shape; output a table of as many as in the inner one.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.CAddTensorTable().forward([np.float32([1, 2]), [np.float32([10, 20]), np.float32([0, 5])]])
    [array([11., 22.], dtype=float32), array([1., 7.], dtype=float32)]

    Source: torch/nn, CAddTensorTable.lua.
    """

    def __init__(self):
        super().__init__()
        self.gradInput = []

    def updateOutput(self, input):
        self.expect_table(input, 2)
        term, table = input
        self.expect_table(table, name='input[1]')
        expect_alike(self, [term, *table])
        self.output = copy_into(self, 'output', table)
        for sum in self.output:
            np.add(sum, term, out=sum)
        return self.output

    def updateGradInput(self, input, gradOutput):
        expect_like(self, gradOutput, self.output, 'gradOutput')
        self.gradInput = [copy_into(self, 'gradInput', gradOutput[0]), copy_into(self, 'gradInput', gradOutput)]
        for grad in gradOutput[1:]:
            add_into(self, self.gradInput[0], grad)
        return self.gradInput
