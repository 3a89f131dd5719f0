"""The largest of each stretch of frames."""

from nnlite.nn.Module import Module
from nnlite.nn.pooling import MaxPooling


class TemporalMaxPooling(MaxPooling):
    """y = the largest input in each kW frames, feature by feature; the gradient goes to the frame that it was in.

    Args:
        kW: how many frames are pooled.
        dW: the step from one stretch to the next, kW by default.

    `indices` tells in which of its kW frames, from 0, each output stood.

    Shapes: input (N, T, F) or (T, F); output (N, (T - kW) // dW + 1, F) or without N.

    Raises:
        ShapeError: the input has less than kW frames.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.TemporalMaxPooling(2).forward(np.float32([[1, 2], [3, 0], [0, 4], [5, 6]]))
    array([[3., 2.],
           [5., 6.]], dtype=float32)

    Source: torch/nn, TemporalMaxPooling.lua.
    """

    sides = order = 'W'
    axis = 2

    def __init__(self, kW, dW=None):
        super().__init__((kW,), (dW,), (None,))

    __repr__ = Module.__repr__
