"""The quotient of two arrays."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.nn.table import expect_alike, room_like


class CDivTable(Module):
    """y = x_1 / x_2, element by element, for a table of two arrays of one shape.

    Shapes: input a table of two arrays of one shape; output of that shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.CDivTable().forward([np.float32([6, 8]), np.float32([2, 4])])
    array([3., 2.], dtype=float32)

    Source: torch/nn, CDivTable.lua.
    """

    def __init__(self):
        super().__init__()
        self.gradInput = []

    def updateOutput(self, input):
        expect_alike(self, input, 2)
        self.output = self.buffer('output', input[0].shape, like=input[0])
        return np.divide(*input, out=self.output)

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input[0].shape, 'gradOutput')
        self.gradInput = room_like(self, 'gradInput', input)
        first, second = self.gradInput
        np.divide(gradOutput, input[1], out=first)
        np.divide(first, input[1], out=second)
        np.multiply(second, input[0], out=second)
        np.negative(second, out=second)
        return self.gradInput
