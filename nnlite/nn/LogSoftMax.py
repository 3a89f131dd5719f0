"""Scores become the logarithms of probabilities."""

from nnlite.nn.SoftMax import SoftMax


class LogSoftMax(SoftMax):
    """y = x - log(sum of exp(x)), over the classes.

    Shapes and errors: as in nn.SoftMax.

    Source: torch/nn, LogSoftMax.lua.
    """

    def updateOutput(self, input):
        axis = self._axis(input)
        self.output = self.buffer('output', input.shape, like=input)
        self.kernels.LogSoftMax_updateOutput(input, self.output, axis)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self.kernels.LogSoftMax_updateGradInput(self.output, gradOutput, self.gradInput, self._axis(input))
        return self.gradInput
