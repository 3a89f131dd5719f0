"""The shortcut itself."""

from nnlite.nn.Module import Module


class Identity(Module):
    """y = x, for an array or a table; the gradient passes as it is.

    Source: torch/nn, Identity.lua.
    """

    def updateOutput(self, input):
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = gradOutput
        return self.gradInput
