"""The mean of each of W x H windows that cover the map, whatever its size."""

from nnlite.nn.Module import Module
from nnlite.nn.spatial import as_given, batch_of


class SpatialAdaptiveAveragePooling(Module):
    """y = the mean of each window, where W x H windows cover the map; 1 x 1 gives the mean of each plane.

    Args:
        W, H: the width and height of the output.

    Shapes: input (N, C, iH, iW) or (C, iH, iW); output (N, C, H, W) or without N. Window y covers the rows from
    floor(y iH / H) to ceil((y + 1) iH / H), and columns likewise.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialAdaptiveAveragePooling(1, 1).forward(np.float32([[[1, 2], [3, 6]]]))
    array([[[3.]]], dtype=float32)

    Source: torch/nn, SpatialAdaptiveAveragePooling.lua.
    """

    def __init__(self, W, H):
        super().__init__()
        self.W, self.H = W, H

    def updateOutput(self, input):
        self.expect(input, ('N', 'C', 'H', 'W'), single=True)
        batch = batch_of(input)
        output = self.buffer('output', (*batch.shape[:2], self.H, self.W), like=input)
        self.kernels.SpatialAdaptiveAveragePooling_updateOutput(batch, output)
        self.output = as_given(output, input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        gradInput = self.buffer('gradInput', batch_of(input).shape, like=input)
        self.kernels.SpatialAdaptiveAveragePooling_updateGradInput(batch_of(gradOutput), gradInput)
        self.gradInput = as_given(gradInput, input)
        return self.gradInput
