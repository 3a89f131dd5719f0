"""Planes that become pixels."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.arguments import whole
from nnlite.nn.Module import Module
from nnlite.nn.spatial import as_given, batch_of


class PixelShuffle(Module):
    """y = x with each r x r planes interleaved as one plane, r times as wide and as high: sub-pixel up-sampling.

    Args:
        upscaleFactor: r.

    Shapes: input (N, C r^2, H, W) or (C r^2, H, W); output (N, C, r H, r W) or without N.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.PixelShuffle(2).forward(np.float32([[[1]], [[2]], [[3]], [[4]]]))
    array([[[1., 2.],
            [3., 4.]]], dtype=float32)

    Raises:
        ShapeError: the planes are not some times r^2.

    Source: torch/nn, PixelShuffle.lua.
    """

    foreign = ('_intermediateShape', '_outShape', '_shuffleIn', '_shuffleOut')

    def __init__(self, upscaleFactor):
        super().__init__()
        self.upscaleFactor = whole(self, 'upscaleFactor', upscaleFactor, 1)
        self.upscaleFactorSquared = self.upscaleFactor**2

    def _interleaved(self, maps):
        """Return a view of maps (N, C, r H, r W): for each of their pixels the place in (N, C, r, r, H, W)."""
        n, planes, height, width = maps.shape
        factor = self.upscaleFactor
        split = maps.reshape(n, planes, height // factor, factor, width // factor, factor)
        return split.transpose(0, 1, 3, 5, 2, 4)

    def updateOutput(self, input):
        self.expect(input, ('N', 'C', 'H', 'W'), single=True)
        n, planes, height, width = batch_of(input).shape
        if planes % self.upscaleFactorSquared:
            raise ShapeError(
                f'expected input of some times {self.upscaleFactorSquared} planes, got {input.shape}', self._name()
            )
        factor = self.upscaleFactor
        shape = n, planes // factor**2, height * factor, width * factor
        output = self.buffer('output', shape, like=input)
        interleaved = self._interleaved(output)
        np.copyto(interleaved, batch_of(input).reshape(interleaved.shape))
        self.output = as_given(output, input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        gradInput = self.buffer('gradInput', batch_of(input).shape, like=input)
        interleaved = self._interleaved(batch_of(gradOutput))
        np.copyto(gradInput.reshape(interleaved.shape), interleaved)
        self.gradInput = as_given(gradInput, input)
        return self.gradInput
