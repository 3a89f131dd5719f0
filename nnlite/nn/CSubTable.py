"""The difference of two arrays."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.nn.table import copy_into, expect_alike


class CSubTable(Module):
    """y = x_1 - x_2, for a table of two arrays of one shape.

    Source: torch/nn, CSubTable.lua.
    """

    def __init__(self):
        super().__init__()
        self.gradInput = []

    def updateOutput(self, input):
        expect_alike(self, input, 2)
        self.output = self.buffer('output', input[0].shape, like=input[0])
        return np.subtract(*input, out=self.output)

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input[0].shape, 'gradOutput')
        self.gradInput = [copy_into(self, f'gradInput.{number}', gradOutput) for number in range(2)]
        np.negative(self.gradInput[1], out=self.gradInput[1])
        return self.gradInput
