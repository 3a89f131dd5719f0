"""What is alike is to be nearer than what is not."""

import numpy as np

from nnlite.nn.arguments import flag
from nnlite.nn.pair import Pair


class DistanceRatioCriterion(Pair):
    """loss = - mean of log(exp(-x_1) / (exp(-x_1) + exp(-x_2))); the sum if sizeAverage is False.

    x_1 are distances of what is alike, x_2 of what is not, as a siamese network has them for triplets.

    Args:
        sizeAverage: whether to divide by N; True by default.

    Shapes: input, a table of two arrays (N) or of any one shape; there is no target.

    Raises:
        ShapeError: the inputs are not two of one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> round(nn.DistanceRatioCriterion().forward([np.float32([1, 3]), np.float32([1, 3])]), 4)
    0.6931

    Source: torch/nn, DistanceRatioCriterion.lua; https://arxiv.org/abs/1610.00243.
    """

    foreign = ('_expMinusX', '_expMinusY', '_sumExpMinusXY', '_logSumExpMinusXY', 'loss', 'dX', 'dY')

    def __init__(self, sizeAverage=None):
        super().__init__()
        self.sizeAverage = flag(self, 'sizeAverage', sizeAverage, True)

    def updateOutput(self, input, target=None):
        near, far = self._pair(input)
        loss = self.buffer('loss', near.shape, like=near)
        np.subtract(near, far, out=loss)
        np.logaddexp(0, loss, out=loss)  # log(1 + exp(x_1 - x_2)): the same, and no exponential vanishes
        self.output = self._number(np.sum(loss, dtype=np.float64), self._divisor(len(near)))
        return self.output

    def updateGradInput(self, input, target=None):
        near, far = self._gradients(input)
        np.subtract(*input, out=near)
        self.kernels.Sigmoid_updateOutput(near, near)
        np.divide(near, self._divisor(len(near)), out=near)
        np.negative(near, out=far)
        return self.gradInput
