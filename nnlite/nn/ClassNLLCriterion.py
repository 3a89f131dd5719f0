"""The negative log-likelihood of the right class."""

import numpy as np

from nnlite.errors import DataError, DtypeError, ShapeError
from nnlite.nn.Criterion import Criterion
from nnlite.tensor.devices import is_array


class ClassNLLCriterion(Criterion):
    """loss = -sum over n of w[target[n]] input[n, target[n]], divided by the sum of w unless sizeAverage is False.

    Args:
        weights: w, one for each class; all 1 by default.
        sizeAverage: whether to divide by the sum of the weights; True by default.
        ignoreIndex: a target that does not count, -100 by default.

    Shapes: input, log-probabilities as nn.LogSoftMax gives them, (N, C) or (C); target (N), or one number: classes
    counted from 1, of any numeric type.

    Raises:
        ShapeError: there are not as many targets as rows of the input, or weights as classes.
        DtypeError: the targets are no numbers.
        DataError: a target that is not one of 1 to C.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.ClassNLLCriterion().forward(np.log(np.float32([[0.5, 0.25, 0.25]])), 1)
    0.6931471824645996

    Source: torch/nn, ClassNLLCriterion.lua.
    """

    ignoreIndex = -100
    weights = None
    foreign = ('target',)

    def __init__(self, weights=None, sizeAverage=None, ignoreIndex=None):
        super().__init__()
        self.sizeAverage = sizeAverage is not False
        self.ignoreIndex = -100 if ignoreIndex is None else ignoreIndex
        if weights is not None:
            self.weights = np.asarray(weights, self.dtype)
        self.output_tensor = np.zeros(1, self.dtype)
        self.total_weight_tensor = np.ones(1, self.dtype)

    def __len__(self):
        return 0 if self.weights is None else len(self.weights)

    def __bool__(self):
        return True

    def updateOutput(self, input, target):
        self.expect(input, ('N', 'C'), single=True)
        rows = np.atleast_2d(input)
        labels = self._labels(rows, target)
        self.output, total = self.kernels.ClassNLLCriterion_updateOutput(
            rows, labels, self.weights, self.ignoreIndex, self.sizeAverage
        )
        self.output_tensor[0], self.total_weight_tensor[0] = self.output, total
        return self.output

    def updateGradInput(self, input, target):
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        rows = np.atleast_2d(self.gradInput)
        self.kernels.ClassNLLCriterion_updateGradInput(
            self._labels(rows, target), rows, self.weights, self.ignoreIndex, self.sizeAverage,
            float(self.total_weight_tensor[0]),
        )  # fmt: skip
        return self.gradInput

    def _labels(self, rows, target):
        """Return the targets as int64, one for each row, or say what is wrong with them."""
        given = target if is_array(target) else np.asarray(target)
        if given.dtype.kind not in 'iuf':
            raise DtypeError(f'expected numbers as targets, got {given.dtype}', where=self._name())
        given = given.reshape(-1) if given.size == 1 else given
        if given.shape != (len(rows),):
            raise ShapeError(f'expected target of shape ({len(rows)},), got {given.shape}', where=self._name())
        if self.weights is not None and len(self.weights) != rows.shape[1]:
            raise ShapeError(f'expected input (N, {len(self.weights)}), got {rows.shape}', where=self._name())
        if given.dtype.kind == 'f' and not np.array_equal(given, np.rint(given)):
            raise DataError(f'expected whole numbers as targets, got {given[given != np.rint(given)][0]}', self._name())
        labels = given.astype(np.int64)
        wrong = ((labels < 1) | (labels > rows.shape[1])) & (labels != self.ignoreIndex)
        if wrong.any():
            hint = 'labels count from 1, as in Torch' if (labels == 0).any() else None
            raise DataError(f'expected targets from 1 to {rows.shape[1]}, got {labels[wrong][0]}', self._name(), hint)
        return labels

    def write(self):
        return {**super().write(), 'target': np.zeros(1, np.int64)}
