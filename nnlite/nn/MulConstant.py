"""Multiplication by a constant."""

import numpy as np

from nnlite.nn.Module import Module


class MulConstant(Module):
    """y = constant_scalar * x.

    Args:
        constant_scalar: the constant.
        inplace: write into the input, and into gradOutput; backward then divides the input again, to what it was.

    Source: torch/nn, MulConstant.lua.
    """

    inplace = False

    def __init__(self, constant_scalar, inplace=False):
        super().__init__()
        self.constant_scalar = constant_scalar
        self.inplace = bool(inplace)

    def updateOutput(self, input):
        self.expect(input)
        self.output = input if self.inplace else self.buffer('output', input.shape, like=input)
        np.multiply(input, self.constant_scalar, out=self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input.shape, 'gradOutput')
        if self.gradInput is None:
            return None
        self.gradInput = gradOutput if self.inplace else self.buffer('gradInput', input.shape, like=input)
        np.multiply(gradOutput, self.constant_scalar, out=self.gradInput)
        if self.inplace:
            np.divide(input, self.constant_scalar, out=input)
        return self.gradInput
