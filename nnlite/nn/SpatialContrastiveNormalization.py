"""Local contrast: each pixel less the mean of its surroundings, divided by how much they vary."""

from nnlite.nn.arguments import number
from nnlite.nn.neighbourhood import Neighbourhood
from nnlite.nn.Sequential import Sequential
from nnlite.nn.SpatialDivisiveNormalization import SpatialDivisiveNormalization
from nnlite.nn.SpatialSubtractiveNormalization import SpatialSubtractiveNormalization


class SpatialContrastiveNormalization(Neighbourhood):
    """nn.SpatialSubtractiveNormalization, then nn.SpatialDivisiveNormalization, with one kernel.

    Args:
        nInputPlane, kernel: as for both.
        threshold, thresval: as for the latter.

    Shapes: input and output (N, nInputPlane, H, W) or (nInputPlane, H, W).

    Raises:
        ShapeError: a kernel with even sizes; an input with other planes.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialContrastiveNormalization(1, np.ones((5, 5)), 1).forward(np.ones((1, 8, 8), np.float32)).max().round(3)
    np.float32(0.0)

    Source: torch/nn, SpatialContrastiveNormalization.lua.
    """

    def __init__(self, nInputPlane=None, kernel=None, threshold=None, thresval=None):
        super().__init__(nInputPlane, kernel)
        self.threshold = number(self, 'threshold', threshold, 1e-4)
        self.thresval = number(self, 'thresval', thresval, self.threshold)
        self.normalizer = Sequential()
        self.normalizer.add(SpatialSubtractiveNormalization(self.nInputPlane, self.kernel))
        self.normalizer.add(SpatialDivisiveNormalization(self.nInputPlane, self.kernel, self.threshold, self.thresval))

    def updateOutput(self, input):
        self.expect_maps(input)
        self.output = self.normalizer.forward(input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = self.normalizer.backward(input, gradOutput)
        return self.gradInput
