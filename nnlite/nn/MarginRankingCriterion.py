"""Which of two is to be the larger."""

import numpy as np

from nnlite.nn.arguments import number
from nnlite.nn.labels import numbers
from nnlite.nn.pair import Pair


class MarginRankingCriterion(Pair):
    """loss = mean of max(0, margin - y (x_1 - x_2)); the sum if sizeAverage is set to False.

    Args:
        margin: by how much x_1 is to be the larger where y = 1, and x_2 where y = -1; 1 by default.

    Shapes: input, a table of two arrays (N) or of any one shape; target of as many elements, 1 or -1, of any numeric
    type; for inputs of one element, a number. The mean is over N.

    Raises:
        ShapeError: the inputs are not two of one shape, or there are not as many targets as elements.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.MarginRankingCriterion(0.5).forward([np.float32([2, 1]), np.float32([1, 1])], np.float32([1, -1]))
    0.25

    Source: torch/nn, MarginRankingCriterion.lua.
    """

    foreign = ('_output', 'dist', 'mask')
    margin = 1

    def __init__(self, margin=None):
        super().__init__()
        self.margin = number(self, 'margin', margin, 1)
        self.sizeAverage = True

    def updateOutput(self, input, target=None):
        lack, order = self._lack(input, target)
        np.maximum(lack, 0, out=lack)
        self.output = self._number(np.sum(lack, dtype=np.float64), self._divisor(len(order)))
        return self.output

    def updateGradInput(self, input, target=None):
        lack, order = self._lack(input, target)
        first, second = self._gradients(input)
        np.greater_equal(lack, 0, out=second)
        np.multiply(second, order.reshape(lack.shape), out=second)
        np.divide(second, self._divisor(len(order)), out=second)
        np.negative(second, out=first)
        return self.gradInput

    def _lack(self, input, target):
        """Return (how much each pair lacks of the right order with its margin, the orders)."""
        first, second = self._pair(input)
        order = np.atleast_1d(self.placed(numbers(self, target).astype(self.dtype, copy=False), 'target'))
        self.expect(order, None if order.size == first.size else first.shape, 'target')
        lack = self.buffer('lack', first.shape, like=first)
        np.subtract(second, first, out=lack)
        np.multiply(lack, order.reshape(lack.shape), out=lack)
        np.add(lack, self.margin, out=lack)
        return lack, order
