"""The absolute error, rounded off where it is small."""

import numpy as np

from nnlite.nn.elementwise import Elementwise


class SmoothL1Criterion(Elementwise):
    """loss = mean of d^2 / 2 where d = |x - y| < 1, and of d - 1/2 elsewhere; the sum if sizeAverage is False.

    It listens less to outliers than the squared error: no element's gradient is larger than 1.

    Args:
        sizeAverage: whether to divide by the number of elements; True by default.

    Shapes: input any; target of as many elements.

    Raises:
        ShapeError: the target has not as many elements as the input.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SmoothL1Criterion().forward(np.float32([1, 2]), np.float32([1, 4]))
    0.75

    Source: torch/nn, SmoothL1Criterion.lua.
    """

    def __init__(self, sizeAverage=None):
        super().__init__(sizeAverage=sizeAverage)

    def _loss(self, input, target, loss):
        near = self.buffer('near', input.shape, like=input)
        np.subtract(input, target, out=loss)
        np.abs(loss, out=loss)
        np.minimum(loss, 1, out=near)
        np.multiply(loss, 2, out=loss)
        np.subtract(loss, near, out=loss)
        np.multiply(loss, near, out=loss)
        np.divide(loss, 2, out=loss)  # with c = min(d, 1), both cases are (2 d - c) c / 2

    def _slope(self, input, target, slope):
        np.subtract(input, target, out=slope)
        np.clip(slope, -1, 1, out=slope)
