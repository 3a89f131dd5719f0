"""The Kullback-Leibler divergence of two distributions."""

import numpy as np

from nnlite.nn.elementwise import Elementwise


class DistKLDivCriterion(Elementwise):
    """loss = mean of y (log(y) - x) where y > 0, and 0 elsewhere; the sum if sizeAverage is set to False.

    Shapes: input, log-probabilities as nn.LogSoftMax gives them, any; target, probabilities, the same.

    Raises:
        ShapeError: the target's shape is not the input's.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> p = np.float32([0.5, 0.5])
    >>> nn.DistKLDivCriterion().forward(np.log(p), p)
    0.0
    >>> round(nn.DistKLDivCriterion().forward(np.log(np.float32([0.25, 0.75])), p), 4)
    0.0719

    Source: torch/nn, DistKLDivCriterion.lua.
    """

    def __init__(self):
        super().__init__()

    def _target(self, input, target):
        self.expect(input)
        self.expect(target, input.shape, 'target')
        return target

    def _loss(self, input, target, loss):
        share = self.buffer('share', input.shape, like=input)
        np.fmax(target, np.finfo(self.dtype).tiny, out=loss)  # a logarithm that 0 can be multiplied by
        np.log(loss, out=loss)
        np.subtract(loss, input, out=loss)
        np.fmax(target, 0, out=share)
        np.multiply(loss, share, out=loss)

    def _slope(self, input, target, slope):
        np.fmax(target, 0, out=slope)
        np.negative(slope, out=slope)
