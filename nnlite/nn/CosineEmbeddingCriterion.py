"""Turns two vectors into one direction, or away from each other."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.arguments import number
from nnlite.nn.labels import signs
from nnlite.nn.pair import Pair

EPS = 1e-12  # keeps the cosine of a vector of zeros finite


class CosineEmbeddingCriterion(Pair):
    """loss = mean of 1 - cos where y = 1, and of max(0, cos - margin) where y = -1; cos = x_1 . x_2 / (|x_1| |x_2|).

    The sum, not the mean, if sizeAverage is set to False.

    Args:
        margin: how large the cosine of two vectors may be that are not alike; 0 by default.

    Shapes: input, a table of two arrays (N, D) or (D); target (N), 1 for alike or -1, of any numeric type; for N = 1,
    a number.

    Raises:
        ShapeError: the inputs are not two of one shape, or there are not as many targets as pairs.
        DataError: a target that is neither 1 nor -1.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> criterion = nn.CosineEmbeddingCriterion(0.5)
    >>> criterion.forward([np.float32([[1, 0]]), np.float32([[0, 2]])], 1)
    1.0
    >>> criterion.forward([np.float32([[1, 0]]), np.float32([[0, 2]])], -1)
    0.0

    Source: torch/nn, CosineEmbeddingCriterion.lua.
    """

    foreign = ('buffer', 'w1', 'w22', 'w', 'w32', '_outputs', '_idx', '_y')
    margin = 0

    def __init__(self, margin=None):
        super().__init__()
        self.margin = number(self, 'margin', margin, 0)
        self.sizeAverage = True

    def updateOutput(self, input, target=None):
        alike, losses, *_ = self._compare(input, target)
        self.output = self._number(losses.sum(), self._divisor(len(alike)))
        return self.output

    def updateGradInput(self, input, target=None):
        alike, losses, product, *inverses = self._compare(input, target)
        slope = np.sqrt(inverses[0] * inverses[1]) / self._divisor(len(alike))  # of the loss by the product
        slope *= np.where(alike, -1, 1) * (losses > 0)
        for grad, inverse, (this, other) in zip(self._gradients(input), inverses, (input, input[::-1]), strict=True):
            rows = np.atleast_2d(grad)
            np.multiply(this, product * inverse, out=rows)
            np.subtract(other, rows, out=rows)
            np.multiply(rows, slope, out=rows)
        return self.gradInput

    def _compare(self, input, target):
        """Return columns, in float64: whether each pair is alike, its loss, its product, and one over both squares."""
        first, second = map(np.atleast_2d, self._pair(input))
        self.expect(input[0], ('N', 'D'), single=True)
        alike = signs(self, target).reshape(-1, 1) == 1
        if len(alike) != len(first):
            raise ShapeError(f'expected {len(first)} targets, got {len(alike)}', where=self._name())
        product = self._dot(first, second)
        inverses = [1 / (self._dot(rows, rows) + EPS) for rows in (first, second)]
        cosine = product * np.sqrt(inverses[0] * inverses[1])
        losses = np.where(alike, 1 - cosine, np.maximum(cosine - self.margin, 0))
        return alike, losses, product, *inverses

    def _dot(self, first, second):
        products = self.buffer('products', first.shape, like=first)
        np.multiply(first, second, out=products)
        return np.sum(products, axis=1, keepdims=True, dtype=np.float64)
