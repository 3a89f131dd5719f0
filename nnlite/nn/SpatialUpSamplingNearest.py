"""Images made larger by a whole factor."""

from nnlite.errors import Error
from nnlite.nn.Module import Module
from nnlite.nn.spatial import as_given, batch_of


class SpatialUpSamplingNearest(Module):
    """Every pixel becomes a square of scale x scale equal ones; its gradient is the sum over the square.

    Args:
        scale: a whole number, 1 or more.

    Shapes: input (N, C, H, W) or (C, H, W); output (N, C, H scale, W scale) or without N.

    Raises:
        Error: the scale is not a whole number of 1 or more.

    Source: torch/nn, SpatialUpSamplingNearest.lua.
    """

    longStorages = ('inputSize', 'outputSize')

    def __init__(self, scale):
        super().__init__()
        if scale < 1 or scale != int(scale):
            raise Error(f'expected a scale of 1, 2, 3 ..., got {scale}', where='SpatialUpSamplingNearest')
        self.scale_factor = int(scale)
        self.inputSize, self.outputSize = [0] * 4, [0] * 4

    def updateOutput(self, input):
        self.expect(input, ('N', 'C', 'H', 'W'), single=True)
        batch = batch_of(input)
        *first, height, width = batch.shape
        output = self.buffer('output', (*first, height * self.scale_factor, width * self.scale_factor), like=input)
        self.kernels.SpatialUpSamplingNearest_updateOutput(batch, output, self.scale_factor)
        self.output = as_given(output, input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        gradInput = self.buffer('gradInput', batch_of(input).shape, like=input)
        self.kernels.SpatialUpSamplingNearest_updateGradInput(batch_of(gradOutput), gradInput, self.scale_factor)
        self.gradInput = as_given(gradInput, input)
        return self.gradInput
