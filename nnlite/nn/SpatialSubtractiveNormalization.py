"""The mean of its surroundings taken from each pixel."""

import numpy as np

from nnlite.nn.CDivTable import CDivTable
from nnlite.nn.CSubTable import CSubTable
from nnlite.nn.neighbourhood import Neighbourhood, estimate, estimator_grad


class SpatialSubtractiveNormalization(Neighbourhood):
    """y = x - the mean of x around each pixel and over all planes, weighted by a kernel.

    What is off the map is left out of the mean.

    Args:
        nInputPlane: the planes of the input, 1 by default.
        kernel: the weights of the pixels around: (kH, kW), or (k) for the same across and down; odd sizes. 9 x 9 ones
            by default. They need not add up to 1.

    Shapes: input and output (N, nInputPlane, H, W) or (nInputPlane, H, W).

    Raises:
        ShapeError: a kernel with even sizes; an input with other planes.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer = nn.SpatialSubtractiveNormalization(1, np.ones((3, 3)))
    >>> float(abs(layer.forward(np.full((1, 4, 4), 7, np.float32))).max().round(3))
    0.0

    Source: torch/nn, SpatialSubtractiveNormalization.lua; Jarrett and others, "What is the best multi-stage
    architecture for object recognition?", 2009.
    """

    def __init__(self, nInputPlane=None, kernel=None):
        super().__init__(nInputPlane, kernel)
        self.kernel /= self.kernel.sum() * self.nInputPlane
        self.meanestimator = self._estimator()
        self.subtractor = CSubTable()
        self.divider = CDivTable()

    def updateOutput(self, input):
        self.expect_maps(input)
        coef = self._coefficients(input)
        self.meanestimator.forward(input)
        mean = self.divider.forward([estimate(self.meanestimator), coef])
        self.output = self.subtractor.forward([input, mean])
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        direct, grad = self.subtractor.updateGradInput([input, self.divider.output], gradOutput)
        grad, _ = self.divider.updateGradInput([estimate(self.meanestimator), self.coef], grad)
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        np.add(direct, estimator_grad(self.meanestimator, input, grad), out=self.gradInput)
        return self.gradInput
