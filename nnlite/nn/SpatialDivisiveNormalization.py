"""Each pixel divided by how much its surroundings vary."""

import numpy as np

from nnlite.nn.arguments import number
from nnlite.nn.CDivTable import CDivTable
from nnlite.nn.neighbourhood import Neighbourhood, estimate, estimator_grad
from nnlite.nn.Sqrt import Sqrt
from nnlite.nn.Square import Square
from nnlite.nn.Threshold import Threshold


class SpatialDivisiveNormalization(Neighbourhood):
    """y = x / s, with s the root of the mean of x^2 around each pixel and over all planes, weighted by a kernel.

    At the border s is divided by how much of the kernel's weight lies on the map. Where it is not above a threshold,
    another value takes its place.

    Args:
        nInputPlane: the planes of the input, 1 by default.
        kernel: the weights of the pixels around: (kH, kW), or (k) for the same across and down; odd sizes. 9 x 9 ones
            by default. They need not add up to 1.
        threshold: 1e-4 by default.
        thresval: what stands for an s that is not above the threshold: the threshold by default.

    Shapes: input and output (N, nInputPlane, H, W) or (nInputPlane, H, W).

    Raises:
        ShapeError: a kernel with even sizes; an input with other planes.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer = nn.SpatialDivisiveNormalization(1, np.ones((3, 3)))
    >>> layer.forward(np.full((1, 4, 4), -7, np.float32)).round(3)[0, 0]
    array([-0.667, -0.816, -0.816, -0.667], dtype=float32)

    Source: torch/nn, SpatialDivisiveNormalization.lua.
    """

    def __init__(self, nInputPlane=None, kernel=None, threshold=None, thresval=None):
        super().__init__(nInputPlane, kernel)
        self.threshold = number(self, 'threshold', threshold, 1e-4)
        self.thresval = number(self, 'thresval', thresval, self.threshold)
        # the weights are to add up to 1 over all planes, in one pass of the kernel or in two
        self.kernel /= self.kernel.sum() * self.nInputPlane ** (1 if self.kernel.ndim == 2 else 0.5)
        self.meanestimator = self._estimator()
        self.stdestimator = self._estimator(Square()).add(Sqrt())
        self.normalizer, self.divider = CDivTable(), CDivTable()
        self.thresholder = Threshold(self.threshold, self.thresval)

    def updateOutput(self, input):
        self.expect_maps(input)
        self.stdestimator.forward(input)
        deviation = self.divider.forward([estimate(self.stdestimator), self._coefficients(input)])
        self.output = self.normalizer.forward([input, self.thresholder.forward(deviation)])
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        direct, grad = self.normalizer.updateGradInput([input, self.thresholder.output], gradOutput)
        grad = self.thresholder.updateGradInput(self.divider.output, grad)
        grad, _ = self.divider.updateGradInput([estimate(self.stdestimator), self.coef], grad)
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        np.add(direct, estimator_grad(self.stdestimator, input, grad), out=self.gradInput)
        return self.gradInput
