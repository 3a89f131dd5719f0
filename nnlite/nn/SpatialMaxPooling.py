"""The largest pixel of each window."""

from nnlite.nn.pooling import MaxPooling


class SpatialMaxPooling(MaxPooling):
    """y = the largest input in each kW x kH window; the gradient goes to the pixel that it was.

    Args:
        kW, kH: the window's width and height.
        dW, dH: the step from one window to the next, the window's own size by default.
        padW, padH: pixels of -inf around the input, at most half a window, none by default.

    ceil() lets the last window hang over the border, floor() (the default) leaves it out. `indices` tells where each
    pixel came from: y * W + x + 1.

    Shapes: input (N, C, H, W) or (C, H, W); output (N, C, oH, oW) or without N, with
    oH = floor((H + 2 padH - kH) / dH) + 1, or ceil, and oW likewise.

    Raises:
        ShapeError: the padding is more than half a window, or no window fits.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialMaxPooling(2, 2).forward(np.float32([[[1, 2, 5, 0], [4, 3, 1, 2]]]))
    array([[[4., 5.]]], dtype=float32)

    Source: torch/nn, SpatialMaxPooling.lua.
    """

    noted = ('iheight', 'iwidth')

    def __init__(self, kW, kH, dW=None, dH=None, padW=None, padH=None):
        super().__init__((kW, kH), (dW, dH), (padW, padH))
