"""The difference of two arrays."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.nn.reshaped import reshaped
from nnlite.nn.table import copy_into


class CSubTable(Module):
    """y = x_1 - x_2, for a table of two arrays of one shape.

    x_2 may have another shape with as many elements, as in Torch, which takes them in their logical order: there
    nn.LayerNormalization depends on it.

    Shapes: input a table of two arrays of one shape; output of that shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.CSubTable().forward([np.float32([6, 8]), np.float32([2, 4])])
    array([4., 4.], dtype=float32)

    Source: torch/nn, CSubTable.lua.
    """

    def __init__(self):
        super().__init__()
        self.gradInput = []

    def _as(self, shape, array):
        return array if array.shape == shape else reshaped(self, 'reshaped', array, shape)

    def updateOutput(self, input):
        self.expect_table(input, 2)
        first, second = input
        self.expect(first)
        self.expect(second, None if np.size(second) == first.size else first.shape)
        self.output = self.buffer('output', first.shape, like=first)
        return np.subtract(first, self._as(first.shape, second), out=self.output)

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input[0].shape, 'gradOutput')
        second = self.buffer('gradInput.1', input[1].shape, like=input[1])
        np.negative(self._as(second.shape, gradOutput), out=second)
        self.gradInput = [copy_into(self, 'gradInput.0', gradOutput), second]
        return self.gradInput
