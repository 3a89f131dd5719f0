"""The end of a gradient's way."""

from nnlite.nn.Module import Module
from nnlite.nn.table import expect_like, zeros_like


class ZeroGrad(Module):
    """y = x, with a gradient of zero: nothing in front of it learns by this way.

    Shapes: input and output any one array or table.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net, x = nn.ZeroGrad(), np.float32([1, 2])
    >>> net.forward(x)
    array([1., 2.], dtype=float32)
    >>> net.backward(x, np.float32([1, 1]))
    array([0., 0.], dtype=float32)

    Source: torch/nn, ZeroGrad.lua.
    """

    def updateOutput(self, input):
        self.expect(input)
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        expect_like(self, gradOutput, input, 'gradOutput')
        self.gradInput = zeros_like(self, 'gradInput', input)
        return self.gradInput
