"""The loss of a classifier."""

import numpy as np

from nnlite.errors import inside
from nnlite.nn.ClassNLLCriterion import ClassNLLCriterion
from nnlite.nn.Criterion import Criterion
from nnlite.nn.labels import numbers
from nnlite.nn.LogSoftMax import LogSoftMax


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
