"""What is not above a threshold becomes a constant."""

from nnlite.errors import Error
from nnlite.nn.Module import Module


class Threshold(Module):
    """y = x where x > threshold, else value.

    Args:
        threshold: 1e-6 by default.
        value: 0 by default.
        inplace: write into the input, and into gradOutput.

    Raises:
        Error: in place, a value above the threshold: the backward pass could not tell where it was put.

    Source: torch/nn, Threshold.lua.
    """

    inplace = False

    def __init__(self, threshold=None, value=None, inplace=None):
        super().__init__()
        self.threshold = 1e-6 if threshold is None else threshold
        self.val = value or 0
        self.inplace = bool(inplace)
        if self.inplace and self.val > self.threshold:
            raise Error(f'expected, in place, a value of {self.threshold} or less, got {self.val}', where=self._name())

    def updateOutput(self, input):
        self.expect(input)
        self.output = input if self.inplace else self.buffer('output', input.shape, like=input)
        self.kernels.Threshold_updateOutput(input, self.output, self.threshold, self.val)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input.shape, 'gradOutput')
        self.gradInput = gradOutput if self.inplace else self.buffer('gradInput', input.shape, like=input)
        self.kernels.Threshold_updateGradInput(input, gradOutput, self.gradInput, self.threshold)
        return self.gradInput
