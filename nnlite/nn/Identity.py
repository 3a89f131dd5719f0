"""The shortcut itself."""

from nnlite.nn.Module import Module


class Identity(Module):
    """y = x, for an array or a table; the gradient passes as it is.

    Shapes: input and output any one array or table.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> x = np.float32([1, 2])
    >>> nn.Identity().forward(x) is x
    True

    Source: torch/nn, Identity.lua.
    """

    def updateOutput(self, input):
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = gradOutput
        return self.gradInput
