"""The negative log-likelihood of the right class."""

import numpy as np

from nnlite.nn.arguments import whole
from nnlite.nn.labels import class_labels
from nnlite.nn.weighted import Weighted
from nnlite.tensor.devices import is_on_gpu


class ClassNLLCriterion(Weighted):
    """loss = -sum over n of w[target[n]] input[n, target[n]], divided by the sum of w unless sizeAverage is False.

    Args:
        weights: w, one for each class; all 1 by default.
        sizeAverage: whether to divide by the sum of the weights; True by default.
        ignoreIndex: a target that does not count, -100 by default.

    Shapes: input, log-probabilities as nn.LogSoftMax gives them, (N, C) or (C); target (N), or one number: classes
    counted from 1, of any numeric type. With an input on a GPU the target may be on the host or there, where it is not
    checked.

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
    foreign = ('target',)

    def __init__(self, weights=None, sizeAverage=None, ignoreIndex=None):
        super().__init__(weights, sizeAverage)
        self.ignoreIndex = -100 if ignoreIndex is None else whole(self, 'ignoreIndex', ignoreIndex)
        self.output_tensor = np.zeros(1, self.dtype)
        self.total_weight_tensor = np.ones(1, self.dtype)

    def updateOutput(self, input, target=None):
        labels = self._labels(input, target)
        return self._keep(
            *self.kernels.ClassNLLCriterion_updateOutput(
                self._rows(input), labels, self.weights, self.ignoreIndex, self.sizeAverage
            )
        )

    def _keep(self, loss, total):
        """Keep the loss, and the weight of all targets; return the loss as forward does."""
        self.output_tensor[0], self.total_weight_tensor[0] = loss, total
        if is_on_gpu(total):
            np.copyto(self._total_weight(), total)
        self.output = self._number(loss)
        return self.output

    def updateGradInput(self, input, target=None):
        labels = self._labels(input, target)
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self.kernels.ClassNLLCriterion_updateGradInput(
            labels, self._rows(self.gradInput), self.weights, self.ignoreIndex, self.sizeAverage, self._total_weight()
        )
        return self.gradInput

    def _total_weight(self):
        """Return what the last loss was divided by: a float, or, on a GPU, an array of no dimension that holds it."""
        if is_on_gpu(self.total_weight_tensor):
            return self.buffer('total weight', (), like=self.total_weight_tensor, dtype=np.float64)
        return float(self.total_weight_tensor[0])

    def _labels(self, input, target):
        """Return the target as one int64 for each row of the input; raise unless both are what this loss takes."""
        self._expect_input(input)
        rows = self._rows(input)
        return class_labels(self, target, rows.shape[:-1], rows.shape[-1], self.ignoreIndex)

    def _expect_input(self, input):
        self.expect(input, ('N', self._classes()), single=True)

    def _rows(self, array):
        """Return the view of an input, or of its gradient, whose last dimension are the classes of one target."""
        return np.atleast_2d(array)

    def write(self):
        return {**super().write(), 'target': np.zeros(1, np.int64)}
