"""Losses that may weigh classes: what they share."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.arguments import flag
from nnlite.nn.Criterion import Criterion
from nnlite.nn.labels import numbers


class Weighted(Criterion):
    """The base of losses that are an average, where each class may have a weight.

    Args:
        weights: one number for each class; all 1 by default.
        sizeAverage: whether to divide by the number of terms; True by default.
    """

    weights = None

    def __init__(self, weights=None, sizeAverage=None):
        super().__init__()
        self.sizeAverage = flag(self, 'sizeAverage', sizeAverage, True)
        if weights is not None:
            self.weights = numbers(self, weights, 'weights').astype(self.dtype, copy=False)
            if self.weights.ndim != 1:
                raise ShapeError(f'expected weights (C,), got {np.shape(weights)}', where=self._name())

    def __len__(self):
        """Return the number of weights."""
        return 0 if self.weights is None else len(self.weights)

    def __bool__(self):
        return True

    def _classes(self):
        """Return how many classes an input is to have: as many as weights, or, without them, any number C."""
        return 'C' if self.weights is None else len(self.weights)
