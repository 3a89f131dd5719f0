"""The hinge loss of many labels at once."""

import numpy as np

from nnlite.nn.Criterion import Criterion
from nnlite.nn.labels import class_labels


class MultiLabelMarginCriterion(Criterion):
    """loss = mean over n of 1 / C * sum over targets t of row n, and d that are none, of max(0, 1 - x[n, t] + x[n, d]).

    The sum over n, not the mean, if sizeAverage is set to False.

    Shapes: input, scores, (N, C) or (C); target of the same shape: for each row a list of classes, counted from 1, of
    any numeric type, that a 0 ends.

    Raises:
        ShapeError: the target's shape is not the input's.
        DataError: a target that is not one of 0 to C.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> round(nn.MultiLabelMarginCriterion().forward(np.float32([0.1, 0.2, 0.4, 0.8]), [4, 1, 0, 0]), 4)
    0.85

    Source: torch/nn, MultiLabelMarginCriterion.lua.
    """

    foreign = ('output_tensor', 'isTarget')

    def __init__(self):
        super().__init__()
        self.sizeAverage = True

    def updateOutput(self, input, target=None):
        rows, labels, is_target = self._rows(input, target)
        total = self.kernels.MultiLabelMarginCriterion_updateOutput(rows, labels, is_target)
        self.output = self._number(total, self._count(rows))
        return self.output

    def updateGradInput(self, input, target=None):
        rows, labels, is_target = self._rows(input, target)
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        slope = np.atleast_2d(self.gradInput)
        self.kernels.MultiLabelMarginCriterion_updateGradInput(rows, labels, is_target, slope)
        np.divide(slope, self._count(rows), out=slope)
        return self.gradInput

    def _rows(self, input, target):
        """Return the input as rows, their lists of classes, with nothing but 0 after the first, and what is in them."""
        self.expect(input, ('N', 'C'), single=True)
        rows, classes = np.atleast_2d(input), input.shape[-1]
        labels = np.atleast_2d(class_labels(self, target, input.shape, classes, lowest=0))
        labels = labels * np.cumprod(labels != 0, axis=1)
        is_target = self.xp.zeros((len(rows), classes + 1), bool)
        np.put_along_axis(is_target, labels, True, axis=1)
        return rows, labels, is_target[:, 1:]

    def _count(self, rows):
        return rows.shape[1] * self._divisor(len(rows))

    def write(self):
        return {**super().write(), 'isTarget': np.empty(0, self.dtype)}
