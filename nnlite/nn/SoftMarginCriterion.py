"""The logistic loss of two classes."""

import numpy as np

from nnlite.nn.elementwise import Elementwise


class SoftMarginCriterion(Elementwise):
    """loss = mean of log(1 + exp(-x y)); the sum if sizeAverage is set to False.

    Shapes: input any; target of as many elements, 1 or -1.

    Raises:
        ShapeError: the target has not as many elements as the input.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> round(nn.SoftMarginCriterion().forward(np.float32([0, 100]), np.float32([-1, 1])), 4)
    0.3466

    Source: torch/nn, SoftMarginCriterion.lua.
    """

    def __init__(self):
        super().__init__()

    def _loss(self, input, target, loss):
        self._margin(input, target, loss)
        np.logaddexp(0, loss, out=loss)

    def _slope(self, input, target, slope):
        self._margin(input, target, slope)
        self.kernels.Sigmoid_updateOutput(slope, slope)
        np.multiply(slope, target, out=slope)
        np.negative(slope, out=slope)

    def _margin(self, input, target, margin):
        """Put -x y in `margin`."""
        np.multiply(input, target, out=margin)
        np.negative(margin, out=margin)
