"""The logistic function."""

from nnlite.nn.Module import Module


class Sigmoid(Module):
    """y = 1 / (1 + exp(-x)); its slope is y (1 - y).

    Source: torch/nn, Sigmoid.lua.
    """

    def updateOutput(self, input):
        self.expect(input)
        self.output = self.buffer('output', input.shape, like=input)
        self.kernels.Sigmoid_updateOutput(input, self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self.kernels.Sigmoid_updateGradInput(self.output, gradOutput, self.gradInput)
        return self.gradInput
