"""The binary cross entropy."""

import numpy as np

from nnlite.errors import DataError
from nnlite.nn.elementwise import Elementwise
from nnlite.tensor.devices import is_on_gpu

EPS = 1e-12  # keeps the logarithm of 0 finite


class BCECriterion(Elementwise):
    """loss = - mean of w (y log(x) + (1 - y) log(1 - x)); the sum if sizeAverage is False.

    Args:
        weights: w, one for each class; all 1 by default.
        sizeAverage: whether to divide by the number of elements; True by default.

    Shapes: input, probabilities as nn.Sigmoid gives them, any; with weights (N, C) or (C); target of as many elements.

    Raises:
        ShapeError: the target has not as many elements as the input, or there are not as many weights as classes.
        DataError: an input that is not from 0 to 1; on a GPU it is not looked at, but gives NaN.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> round(nn.BCECriterion().forward(np.float32([0.5, 0.5]), np.float32([0, 1])), 4)
    0.6931

    Source: torch/nn, BCECriterion.lua.
    """

    def _loss(self, input, target, loss):
        if not is_on_gpu(input):
            self._expect_probabilities(input)
        log = self.buffer('log', input.shape, like=input)
        np.subtract(1, input, out=log)
        np.add(log, EPS, out=log)
        np.log(log, out=log)
        np.subtract(target, 1, out=loss)
        np.multiply(loss, log, out=loss)
        np.add(input, EPS, out=log)
        np.log(log, out=log)
        np.multiply(log, target, out=log)
        np.subtract(loss, log, out=loss)

    def _expect_probabilities(self, input):
        low, high = input.min(initial=1), input.max(initial=0)
        if not (low >= 0 and high <= 1):
            hint = 'end the network with nn.Sigmoid'
            raise DataError(f'expected inputs from 0 to 1, got {low:g} to {high:g}', self._name(), hint)

    def _slope(self, input, target, slope):
        rest = self.buffer('rest', input.shape, like=input)
        np.subtract(1, input, out=rest)
        np.add(rest, EPS, out=rest)
        np.add(input, EPS, out=slope)
        np.multiply(rest, slope, out=rest)
        np.subtract(input, target, out=slope)
        np.divide(slope, rest, out=slope)
