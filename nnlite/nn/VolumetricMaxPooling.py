"""The largest pixel of each window over three dimensions."""

from nnlite.errors import Error
from nnlite.nn.pooling import MaxPooling


class VolumetricMaxPooling(MaxPooling):
    """y = the largest input in each kT x kW x kH window; the gradient goes to the pixel that it was.

    Args:
        kT, kW, kH: the window's length in time, width and height, at most 255.
        dT, dW, dH: the step from one window to the next, the window's own size by default.
        padT, padW, padH: pixels of -inf around the input, at most half a window, none by default.

    ceil() and floor(): as in nn.SpatialMaxPooling. `indices` tells where in its window each pixel stood: t + 256 y +
    65536 x, all from 0.

    Shapes: input (N, C, T, H, W) or (C, T, H, W); output (N, C, oT, oH, oW) or without N, with
    oT = floor((T + 2 padT - kT) / dT) + 1, or ceil, and oH and oW likewise.

    Raises:
        ShapeError: the padding is more than half a window, or no window fits.
        Error: a window is too long for the indices.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.VolumetricMaxPooling(2, 2, 2).forward(np.zeros((8, 3, 4, 6, 8), np.float32)).shape
    (8, 3, 2, 3, 4)

    Source: torch/nn, VolumetricMaxPooling.lua.
    """

    sides, order = 'THW', 'TWH'
    noted = ('itime', 'iheight', 'iwidth')
    version = 2

    def __init__(self, kT, kW, kH, dT=None, dW=None, dH=None, padT=None, padW=None, padH=None):
        super().__init__((kT, kW, kH), (dT, dW, dH), (padT, padW, padH))

    def _output_space(self, maps):
        out = super()._output_space(maps)
        longest = max(self._each('k'))
        if longest > 255:
            raise Error(f'expected windows of at most 255 pixels to a side, got {longest}', where=self._name())
        return out
