"""The mean squared error."""

import numpy as np

from nnlite.nn.elementwise import Elementwise


class MSECriterion(Elementwise):
    """loss = mean of (x - y)^2; the sum if sizeAverage is False.

    Args:
        sizeAverage: whether to divide by the number of elements; True by default.

    Shapes: input any; target of as many elements.

    Raises:
        ShapeError: the target has not as many elements as the input.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.MSECriterion().forward(np.float32([1, 2]), np.float32([1, 4]))
    2.0

    Source: torch/nn, MSECriterion.lua.
    """

    def __init__(self, sizeAverage=None):
        super().__init__(sizeAverage=sizeAverage)

    def _loss(self, input, target, loss):
        np.subtract(input, target, out=loss)
        np.multiply(loss, loss, out=loss)

    def _slope(self, input, target, slope):
        np.subtract(input, target, out=slope)
        np.multiply(slope, 2, out=slope)
