"""The mean absolute error."""

import numpy as np

from nnlite.nn.elementwise import Elementwise


class AbsCriterion(Elementwise):
    """loss = mean of |x - y|; the sum if sizeAverage is False.

    Args:
        sizeAverage: whether to divide by the number of elements; True by default.

    Shapes: input any; target of as many elements.

    Raises:
        ShapeError: the target has not as many elements as the input.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.AbsCriterion().forward(np.float32([1, 2]), np.float32([2, 4]))
    1.5

    Source: torch/nn, AbsCriterion.lua.
    """

    def __init__(self, sizeAverage=None):
        super().__init__(sizeAverage=sizeAverage)

    def _loss(self, input, target, loss):
        np.subtract(input, target, out=loss)
        np.abs(loss, out=loss)

    def _slope(self, input, target, slope):
        np.greater_equal(input, target, out=slope)  # 1 or 0, of which it makes 1 or -1
        np.multiply(slope, 2, out=slope)
        np.subtract(slope, 1, out=slope)
