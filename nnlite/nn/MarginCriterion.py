"""The hinge loss of two classes."""

import numpy as np

from nnlite.nn.arguments import number
from nnlite.nn.elementwise import Elementwise


class MarginCriterion(Elementwise):
    """loss = mean of max(0, margin - x y); the sum if sizeAverage is set to False.

    Args:
        margin: how far on its side of 0 an element is to be; 1 by default.

    Shapes: input any; target of as many elements, 1 or -1.

    Raises:
        ShapeError: the target has not as many elements as the input.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.MarginCriterion().forward(np.float32([2, 0.5, 0.5]), np.float32([1, 1, -1]))
    0.6666666666666666

    Source: torch/nn, MarginCriterion.lua.
    """

    margin = 1

    def __init__(self, margin=None):
        super().__init__()
        self.margin = number(self, 'margin', margin, 1)

    def _loss(self, input, target, loss):
        np.multiply(input, target, out=loss)
        np.subtract(self.margin, loss, out=loss)
        np.maximum(loss, 0, out=loss)

    def _slope(self, input, target, slope):
        within = self.buffer('within', input.shape, like=input)
        np.multiply(input, target, out=within)
        np.less(within, self.margin, out=within)
        np.multiply(within, target, out=slope)
        np.negative(slope, out=slope)
