"""The hyperbolic tangent."""

import numpy as np

from nnlite.nn.Module import Module


class Tanh(Module):
    """y = tanh(x); its slope is 1 - y^2.

    Source: torch/nn, Tanh.lua.
    """

    def updateOutput(self, input):
        self.expect(input)
        self.output = self.buffer('output', input.shape, like=input)
        np.tanh(input, out=self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self.kernels.Tanh_updateGradInput(self.output, gradOutput, self.gradInput)
        return self.gradInput
