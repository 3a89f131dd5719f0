"""The hinge loss of many classes."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.arguments import number
from nnlite.nn.labels import class_labels
from nnlite.nn.weighted import Weighted


class MultiMarginCriterion(Weighted):
    """loss = mean over n of w[t] / C * sum over d other than t of max(0, margin - x[n, t] + x[n, d])^p, t = target[n].

    The sum over n, not the mean, if sizeAverage is set to False.

    Args:
        p: 1 or 2; 1 by default.
        weights: w, one for each class; all 1 by default.
        margin: by how much the right class is to be ahead of all others; 1 by default.

    Shapes: input, scores, (N, C) or (C); target (N), or one number: classes counted from 1, of any numeric type.

    Raises:
        Error: p is neither 1 nor 2.
        ShapeError: there are not as many targets as rows of the input, or weights as classes.
        DataError: a target that is not one of 1 to C.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.MultiMarginCriterion().forward(np.float32([[0.5, 1, 3]]), 2)
    1.1666666666666667

    Source: torch/nn, MultiMarginCriterion.lua.
    """

    foreign = ('output_tensor', 'target_tensor')
    p = margin = 1  # absent in old files

    def __init__(self, p=None, weights=None, margin=None):
        super().__init__(weights)
        if p not in (None, 1, 2):
            raise Error(f'expected p of 1 or 2, got {p}', where=self._name())
        self.p = 1 if p is None else p
        self.margin = number(self, 'margin', margin, 1)

    def updateOutput(self, input, target=None):
        place = self._place(input, target)
        rows = np.atleast_2d(input)
        lack = self.buffer('lack', rows.shape, like=input)
        self._lack(rows, place, lack)
        if self.p == 2:
            np.multiply(lack, lack, out=lack)
        if self.weights is not None:
            np.multiply(lack, self.weights[place], out=lack)
        self.output = self._number(np.sum(lack, dtype=np.float64), self._count(rows))
        return self.output

    def updateGradInput(self, input, target=None):
        place = self._place(input, target)
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        slope = np.atleast_2d(self.gradInput)
        self._lack(np.atleast_2d(input), place, slope)
        if self.p == 2:
            np.multiply(slope, 2, out=slope)
        else:
            np.sign(slope, out=slope)
        if self.weights is not None:
            np.multiply(slope, self.weights[place], out=slope)
        np.divide(slope, self._count(slope), out=slope)
        np.put_along_axis(slope, place, -slope.sum(axis=1, keepdims=True), axis=1)
        return self.gradInput

    def _place(self, input, target):
        """Return where each target lies in its row, from 0, (N, 1); raise unless both are what this loss takes."""
        self.expect(input, ('N', self._classes()), single=True)
        rows = np.atleast_2d(input)
        return class_labels(self, target, rows.shape[:1], rows.shape[1])[:, None] - 1

    def _lack(self, rows, place, lack):
        """Put by how much the target lacks its margin before each other class in `lack`, 0 for itself."""
        np.add(rows, self.margin - np.take_along_axis(rows, place, axis=1), out=lack)
        np.maximum(lack, 0, out=lack)
        np.put_along_axis(lack, place, 0, axis=1)

    def _count(self, rows):
        return rows.shape[1] * self._divisor(len(rows))
