"""The binary cross entropy of many labels at once, of scores."""

import numpy as np

from nnlite.nn.elementwise import Elementwise
from nnlite.nn.Sigmoid import Sigmoid


class MultiLabelSoftMarginCriterion(Elementwise):
    """loss = - mean of w (y log(p) + (1 - y) log(1 - p)), p = sigmoid(x); the sum if sizeAverage is False.

    That is nn.Sigmoid and nn.BCECriterion in one, which no score is too large for.

    Args:
        weights: w, one for each class; all 1 by default.
        sizeAverage: whether to divide by the number of elements; True by default.

    Shapes: input, scores, any; with weights (N, C) or (C); target of as many elements, from 0 to 1.

    Raises:
        ShapeError: the target has not as many elements as the input, or there are not as many weights as classes.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> round(nn.MultiLabelSoftMarginCriterion().forward(np.float32([0, 100]), np.float32([1, 1])), 4)
    0.3466

    Source: torch/nn, MultiLabelSoftMarginCriterion.lua.
    """

    foreign = ('_buffer1', '_buffer2')

    def __init__(self, weights=None, sizeAverage=None):
        super().__init__(weights, sizeAverage)
        self.sigmoid = Sigmoid()

    def _loss(self, input, target, loss):
        other = self.buffer('other', input.shape, like=input)
        np.maximum(input, 0, out=loss)
        np.multiply(input, target, out=other)
        np.subtract(loss, other, out=loss)
        np.abs(input, out=other)
        np.negative(other, out=other)
        np.logaddexp(0, other, out=other)
        np.add(loss, other, out=loss)  # max(0, x) - x y + log(1 + exp(-|x|)), where nothing overflows

    def _slope(self, input, target, slope):
        np.subtract(self.sigmoid.updateOutput(input), target, out=slope)
