"""Classes as the corners of a simplex, all equally far from each other."""

import math

import numpy as np

from nnlite.errors import Error
from nnlite.nn.indices import take
from nnlite.nn.labels import class_labels
from nnlite.nn.MSECriterion import MSECriterion


class ClassSimplexCriterion(MSECriterion):
    """loss = mean of (x - s[target])^2; the sum if sizeAverage is set to False.

    s are the corners of a regular simplex: nClasses points at distance 1 from 0, and all at the same distance from each
    other. An output that is nearest to the corner of its class is right.

    Args:
        nClasses: how many classes there are, 2 or more.

    Shapes: input (N, nClasses) or (nClasses); target (N), or one number: classes counted from 1, of any numeric type.

    Raises:
        Error: fewer than two classes.
        ShapeError: there are not as many targets as rows of the input.
        DataError: a target that is not one of 1 to nClasses.

    >>> from nnlite import nn
    >>> criterion = nn.ClassSimplexCriterion(3)
    >>> criterion.getTopPrediction(criterion.simplex).tolist()
    [1, 2, 3]

    Source: torch/nn, ClassSimplexCriterion.lua.
    """

    foreign = ('output_tensor', '_target')

    def __init__(self, nClasses):
        super().__init__()
        if not isinstance(nClasses, int) or nClasses < 2:
            raise Error(f'expected a number of classes from 2 up, got {nClasses}', where=self._name())
        self.nClasses = nClasses
        self.simplex = _simplex(nClasses).astype(self.dtype)

    def _target(self, input, target):
        self.expect(input, ('N', self.nClasses), single=True)
        labels = class_labels(self, target, input.shape[:-1], self.nClasses)
        corners = self.buffer('corners', input.shape, like=input)
        return take(self.simplex, labels - 1, 0, out=corners)

    def getPredictions(self, input):
        """Return how far each output (N, nClasses), or (nClasses), lies towards each class's corner: (N, nClasses)."""
        self.expect(input, ('N', self.nClasses), single=True)
        return np.atleast_2d(input) @ self.simplex.T

    def getTopPrediction(self, input):
        """Return the class, counted from 1, whose corner each output lies nearest to: int64 (N)."""
        return self.getPredictions(input).argmax(axis=1) + 1

    def write(self):
        return {**super().write(), '_target': np.empty(0, self.dtype)}


def _simplex(classes):
    """Return the corners of a regular simplex around 0 as rows (classes, classes).

    It lies in classes - 1 dimensions; the last one, which it does not need, helps in training. Coordinate by
    coordinate, the next corner is put at what is left of its distance of 1, and those after it alike on the other side.
    """
    last = classes - 1
    corners = np.zeros((classes, classes))
    for k in range(last):
        after = last - k
        corners[k, k] = math.sqrt(classes * after / (last * (after + 1)))
        corners[k + 1 :, k] = -corners[k, k] / after
    return corners
