"""A layer that learns against what follows it."""

import numpy as np

from nnlite.nn.arguments import number
from nnlite.nn.Module import Module


class GradientReversal(Module):
    """y = x, but the gradient comes back multiplied by -lambda.

    Args:
        lambda_: lambda, a word of Python's own; 1 by default.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net, x = nn.GradientReversal(0.5), np.float32([1, 2])
    >>> net.forward(x)
    array([1., 2.], dtype=float32)
    >>> net.backward(x, np.float32([1, 1]))
    array([-0.5, -0.5], dtype=float32)

    Source: torch/nn, GradientReversal.lua; Ganin and Lempitsky, "Unsupervised domain adaptation by backpropagation",
    2015.
    """

    version = 2

    def __init__(self, lambda_=None):
        super().__init__()
        self.setLambda(number(self, 'lambda', lambda_, 1))

    def setLambda(self, lambda_):
        """Choose another lambda."""
        setattr(self, 'lambda', lambda_)

    def updateOutput(self, input):
        self.expect(input)
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', gradOutput.shape, like=gradOutput)
        np.multiply(gradOutput, -getattr(self, 'lambda'), out=self.gradInput)
        return self.gradInput

    def read(self, fields, version=1):
        super().read(fields, version)
        if version < 2:
            self.setLambda(1)
