"""The largest pixel of each window."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.Module import Module
from nnlite.nn.spatial import as_given, batch_of, expect_geometry, pooled_size


class SpatialMaxPooling(Module):
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

    cleared = (*Module.cleared, 'indices')
    foreign = ('iSize', 'mode')  # cudnn's
    padW = padH = 0
    ceil_mode = False

    def __init__(self, kW, kH, dW=None, dH=None, padW=None, padH=None):
        super().__init__()
        self.kW, self.kH = kW, kH
        self.dW, self.dH = kW if dW is None else dW, kH if dH is None else dH
        self.padW, self.padH = padW or 0, padH or 0
        self.ceil_mode = False
        self.indices = np.empty(0, np.int64)

    def ceil(self):
        """Let the last window hang over the border; return the module."""
        self.ceil_mode = True
        return self

    def floor(self):
        """Leave out a last window that would hang over the border; return the module."""
        self.ceil_mode = False
        return self

    def _geometry(self):
        return (self.kH, self.kW), (self.dH, self.dW), (self.padH, self.padW)

    def _pooled_shape(self, batch):
        expect_geometry(self)
        if self.padW > self.kW // 2 or self.padH > self.kH // 2:
            raise ShapeError(f'expected padding of at most half a window, got {self.padW},{self.padH}', self._name())
        padded = self.padW > 0 or self.padH > 0
        sides = zip(batch.shape[2:], *self._geometry(), strict=True)
        sides = [pooled_size(*side, self.ceil_mode, padded) for side in sides]
        if min(sides) < 1:
            raise ShapeError(
                f'expected input of at least {self.kH} x {self.kW} pixels, got {batch.shape}', self._name()
            )
        return (*batch.shape[:2], *sides)

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

    def __repr__(self):
        padding = f', {self.padW},{self.padH}' if self.padW or self.padH else ''
        return f'nn.{type(self).__name__}({self.kW}x{self.kH}, {self.dW},{self.dH}{padding})'
