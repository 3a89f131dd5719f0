"""The mean of each window over three dimensions."""

from nnlite.nn.pooling import AveragePooling


class VolumetricAveragePooling(AveragePooling):
    """y = the mean of each kT x kW x kH window.

    Args:
        kT, kW, kH: the window's length in time, width and height.
        dT, dW, dH: the step from one window to the next, the window's own size by default.

    Shapes: input (N, C, T, H, W) or (C, T, H, W); output (N, C, oT, oH, oW) or without N, with
    oT = (T - kT) // dT + 1, and oH and oW likewise.

    Raises:
        ShapeError: no window fits.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.VolumetricAveragePooling(2, 2, 2).forward(np.zeros((8, 3, 4, 6, 8), np.float32)).shape
    (8, 3, 2, 3, 4)

    Source: torch/nn, VolumetricAveragePooling.lua.
    """

    sides, order = 'THW', 'TWH'

    def __init__(self, kT, kW, kH, dT=None, dW=None, dH=None):
        super().__init__((kT, kW, kH), (dT, dW, dH), (None,) * 3)
