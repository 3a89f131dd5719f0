"""The largest pixel of each window."""

import numpy as np

from nnlite.nn.pooling import Pooling
from nnlite.nn.spatial import as_given, batch_of


class SpatialMaxPooling(Pooling):
    """y = the largest input in each kW x kH window; the gradient goes to the pixel that it was.

    Args:
        kW, kH: the window's width and height.
        dW, dH: the step from one window to the next, the window's own size by default.
        padW, padH: pixels of -inf around the input, at most half a window, none by default.

    ceil() lets the last window hang over the border, floor() (the default) leaves it out. `indices` tells where each
    pixel came from: y * W + x + 1.

    Shapes: input (N, C, H, W) or (C, H, W); output (N, C, oH, oW) or without N, with
    oH = floor((H + 2 padH - kH) / dH) + 1, or ceil, and oW likewise.

    Raises:
        ShapeError: the padding is more than half a window, or no window fits.

    Source: torch/nn, SpatialMaxPooling.lua.
    """

    cleared = (*Pooling.cleared, 'indices')

    def __init__(self, kW, kH, dW=None, dH=None, padW=None, padH=None):
        super().__init__(kW, kH, kW if dW is None else dW, kH if dH is None else dH, padW, padH)
        self.indices = np.empty(0, np.int64)

    def updateOutput(self, input):
        self.expect(input, ('N', 'C', 'H', 'W'), single=True)
        batch = batch_of(input)
        shape = self._pooled_shape(batch)
        output = self.buffer('output', shape, like=input)
        indices = self.buffer('indices', shape, like=input, dtype=np.int64)
        self.kernels.SpatialMaxPooling_updateOutput(batch, output, indices, *self._geometry())
        self.output, self.indices = as_given(output, input), as_given(indices, input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        gradInput = self.buffer('gradInput', batch_of(input).shape, like=input)
        self.kernels.SpatialMaxPooling_updateGradInput(
            batch_of(gradOutput), batch_of(self.indices), gradInput, *self._geometry()
        )
        self.gradInput = as_given(gradInput, input)
        return self.gradInput
