"""Pulls two vectors together, or pushes them apart up to a margin."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.arguments import number
from nnlite.nn.labels import signs
from nnlite.nn.pair import Pair
from nnlite.tensor.random import fill_random


class L1HingeEmbeddingCriterion(Pair):
    """loss = d where y = 1, and max(0, margin - d) where y = -1; d = sum of |x_1 - x_2|.

    As in Torch, the slope of |0| is drawn from 1 and -1.

    Args:
        margin: how far apart two inputs are to be that are not alike; 1 by default.

    Shapes: input, a table of two arrays of any one shape; target, one number: 1 for alike or -1.

    Raises:
        ShapeError: the inputs are not two of one shape, or there is more than one target.
        DataError: a target that is neither 1 nor -1.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> pair = [np.float32([1, 2]), np.float32([1, 4])]
    >>> nn.L1HingeEmbeddingCriterion(3).forward(pair, 1), nn.L1HingeEmbeddingCriterion(3).forward(pair, -1)
    (2.0, 1.0)

    Source: torch/nn, L1HingeEmbeddingCriterion.lua.
    """

    margin = 1

    def __init__(self, margin=None):
        super().__init__()
        self.margin = number(self, 'margin', margin, 1)

    def updateOutput(self, input, target=None):
        distance = self._distance(*self._pair(input))
        self.output = distance if self._alike(target) else max(0.0, self.margin - distance)
        return self.output

    def updateGradInput(self, input, target=None):
        alike, distance = self._alike(target), self._distance(*input)
        first, second = self._gradients(input)
        np.subtract(*input, out=first)
        np.sign(first, out=first)
        ties = first == 0
        first[ties] = 2 * fill_random(self.xp.empty(int(np.count_nonzero(ties)), self.dtype), 1, 2) - 3
        if not alike:
            np.multiply(first, 0 if distance > self.margin else -1, out=first)
        np.negative(first, out=second)
        return self.gradInput

    def _distance(self, first, second):
        difference = self.buffer('difference', first.shape, like=first)
        np.subtract(first, second, out=difference)
        np.abs(difference, out=difference)
        return float(np.sum(difference, dtype=np.float64))

    def _alike(self, target):
        sign = signs(self, target)
        if sign.size != 1:
            raise ShapeError(f'expected one target, got {sign.size}', where=self._name())
        return sign.item() == 1
