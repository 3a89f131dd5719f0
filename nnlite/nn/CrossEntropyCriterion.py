"""The loss of a classifier."""

import numpy as np

from nnlite.errors import inside
from nnlite.nn.ClassNLLCriterion import ClassNLLCriterion
from nnlite.nn.Criterion import Criterion
from nnlite.nn.labels import numbers
from nnlite.nn.LogSoftMax import LogSoftMax
from nnlite.tensor.devices import is_on_gpu


class CrossEntropyCriterion(Criterion):
    """loss = -log(exp(x[target]) / sum of exp(x)), averaged over the batch: nn.LogSoftMax and nn.ClassNLLCriterion.

    Its gradient is the softmax less one at the target, divided by N: what the network said less what it should have.

    Args:
        weights: one for each class; all 1 by default.
        sizeAverage: whether to average over the batch; True by default.

    Shapes: input, scores, (N, C) or (C), dimensions of size 1 aside; target (N), or one number: classes counted from 1;
    on a GPU as in nn.ClassNLLCriterion.

    Raises:
        ShapeError, DataError: as in nn.ClassNLLCriterion.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> round(nn.CrossEntropyCriterion().forward(np.zeros((4, 10), np.float32), np.ones(4)), 4)
    2.3026

    Source: torch/nn, CrossEntropyCriterion.lua.
    """

    sizeAverage = oldSizeAverage = None  # absent in files from before 2017

    def __init__(self, weights=None, sizeAverage=None):
        super().__init__()
        self.lsm = LogSoftMax()
        self.nll = ClassNLLCriterion(weights, sizeAverage)
        self.sizeAverage = self.oldSizeAverage = self.nll.sizeAverage

    def __call__(self, input, target=None):
        """Return (loss, gradInput): what forward and backward return, on a GPU in one pass."""
        if is_on_gpu(input):
            self.expect(input)
            self._pass_on()
            with inside(type(self).__name__):
                scores = _squeezed(input)
                labels = self.nll._labels(scores, self._labels(target))
                loss = self._compute_both(scores, labels)
            if loss is not None:
                self.output, self.gradInput = loss, self.gradInput.reshape(input.shape)
                return loss, self.gradInput
        return super().__call__(input, target)

    def _compute_both(self, scores, labels):
        """Write what LogSoftMax and this leave, and return the loss; None where it is no cheaper than one by one."""
        logs = self.lsm.buffer('output', scores.shape, like=scores)
        gradInput = self.buffer('gradInput', scores.shape, like=scores)
        rows, nll = map(np.atleast_2d, (scores, logs, gradInput)), self.nll
        found = self.kernels.CrossEntropyCriterion_updateOutput(
            *rows, labels, nll.weights, nll.ignoreIndex, nll.sizeAverage
        )
        if found is None:
            return None
        self.lsm.output, self.gradInput, nll.output = logs, gradInput, nll._keep(*found)
        return nll.output

    def updateOutput(self, input, target=None):
        self.expect(input)
        self._pass_on()
        with inside(type(self).__name__):
            self.output = self.nll.updateOutput(self.lsm.updateOutput(_squeezed(input)), self._labels(target))
        return self.output

    def updateGradInput(self, input, target=None):
        self._pass_on()
        with inside(type(self).__name__):
            grad = self.nll.updateGradInput(self.lsm.output, self._labels(target))
        self.gradInput = self.lsm.updateGradInput(_squeezed(input), grad).reshape(input.shape)
        return self.gradInput

    def _labels(self, target):
        return _squeezed(numbers(self, target))

    def _pass_on(self):
        """Tell nll of a change of sizeAverage; what was said to nll itself holds otherwise, as in Torch."""
        if self.sizeAverage != self.oldSizeAverage:
            self.nll.sizeAverage = self.oldSizeAverage = self.sizeAverage


def _squeezed(array):
    """Return the array without its dimensions of size 1, of which the last stays where there is no other."""
    return np.atleast_1d(array.squeeze())
