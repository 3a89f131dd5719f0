"""Scores become probabilities."""

from nnlite.errors import ShapeError
from nnlite.nn.Module import Module


class SoftMax(Module):
    """y = exp(x) / sum of exp(x), over the classes.

    Shapes: (C), (N, C), (C, H, W) or (N, C, H, W), where C are the classes.

    Raises:
        ShapeError: the input has another number of dimensions.

    Source: torch/nn, SoftMax.lua.
    """

    def _axis(self, input):
        self.expect(input)
        if input.ndim not in (1, 2, 3, 4):
            raise ShapeError(f'expected input of 1 to 4 dimensions, got {input.shape}', where=self._name())
        return 1 - input.ndim % 2

    def updateOutput(self, input):
        axis = self._axis(input)
        self.output = self.buffer('output', input.shape, like=input)
        self.kernels.SoftMax_updateOutput(input, self.output, axis)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self.kernels.SoftMax_updateGradInput(self.output, gradOutput, self.gradInput, self._axis(input))
        return self.gradInput
