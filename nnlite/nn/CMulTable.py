"""The product of a table."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.nn.table import copy_into, expect_alike


class CMulTable(Module):
    """y = x_1 * x_2 * ...: the product, element by element, of a table of arrays of one shape.

    Shapes: input a table of arrays of one shape; output of that shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.CMulTable().forward([np.float32([6, 1]), np.float32([2, 4]), np.float32([3, 5])])
    array([36., 20.], dtype=float32)

    Source: torch/nn, CMulTable.lua.
    """

    foreign = ('tout',)

    def __init__(self):
        super().__init__()
        self.gradInput = []

    def updateOutput(self, input):
        expect_alike(self, input)
        self.output = self.buffer('output', input[0].shape, like=input[0])
        np.copyto(self.output, input[0])
        for factor in input[1:]:
            np.multiply(self.output, factor, out=self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self._copy_for_each(input, gradOutput)
        for number, grad in enumerate(self.gradInput):
            for factor in input[:number] + input[number + 1 :]:
                np.multiply(grad, factor, out=grad)
        return self.gradInput

    def updateGradInput_efficient(self, input, gradOutput):
        """Do what updateGradInput does in fewer products, y / x_i each, for inputs without zeros."""
        self._copy_for_each(input, gradOutput)
        rest = self.buffer('rest', self.output.shape, like=self.output)
        for factor, grad in zip(input, self.gradInput, strict=True):
            np.multiply(grad, np.divide(self.output, factor, out=rest), out=grad)
        return self.gradInput

    def _copy_for_each(self, input, gradOutput):
        self.expect(gradOutput, input[0].shape, 'gradOutput')
        self.gradInput = [copy_into(self, f'gradInput.{number}', gradOutput) for number in range(len(input))]
