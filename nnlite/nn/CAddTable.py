"""The sum at the end of a residual block."""

from nnlite.nn.Module import Module
from nnlite.nn.table import add_into, copy_into, expect_alike


class CAddTable(Module):
    """y = x_1 + x_2 + ...: the sum of a table of arrays of one shape.

    Each term enters the sum with slope 1, so backward hands a copy of the one gradOutput to every branch. This is how a
    residual block's shortcut receives the whole gradient, whatever its other branch does.

    Args:
        inplace: write the sum into x_1 and hand gradOutput itself to every branch. Only where no branch ends in a
            module that works in place: two branches would then write into the one gradOutput.

    Shapes: input a table of arrays of one shape; output of that shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> sum = nn.CAddTable()
    >>> sum.forward([np.float32([1, 2]), np.float32([10, 20])])
    array([11., 22.], dtype=float32)

    Source: torch/nn, CAddTable.lua.
    """

    inplace = None

    def __init__(self, inplace=None):
        super().__init__()
        self.inplace = inplace
        self.gradInput = []

    def updateOutput(self, input):
        expect_alike(self, input)
        if self.inplace:
            self.output = input[0]
        else:
            self.output = copy_into(self, 'output', input[0])
        for term in input[1:]:
            add_into(self, self.output, term)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input[0].shape, 'gradOutput')
        self.gradInput = []
        for number in range(len(input)):
            self.gradInput.append(gradOutput if self.inplace else copy_into(self, f'gradInput.{number}', gradOutput))
        return self.gradInput
