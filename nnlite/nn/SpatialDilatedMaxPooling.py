"""The largest pixel of each window, whose pixels lie apart."""

from nnlite.nn.spatial import expect_geometry
from nnlite.nn.SpatialMaxPooling import SpatialMaxPooling


class SpatialDilatedMaxPooling(SpatialMaxPooling):
    """y = the largest of kW x kH inputs that lie dilationW and dilationH pixels apart; else as nn.SpatialMaxPooling.

    Args:
        kW, kH: how many pixels a window has in a row and in a column.
        dW, dH: the step from one window to the next, kW and kH by default.
        padW, padH: pixels of -inf around the input, at most half of kW and kH, none by default.
        dilationW, dilationH: the step from one pixel of a window to the next, 1 by default.

    Shapes: as in nn.SpatialMaxPooling, with dilationH (kH - 1) + 1 for kH.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialDilatedMaxPooling(2, 1, 1, 1, 0, 0, 2, 1).forward(np.float32([[[1, 5, 3, 2]]]))
    array([[[3., 5.]]], dtype=float32)

    Source: torch/nn, SpatialDilatedMaxPooling.lua.
    """

    def __init__(self, kW, kH, dW=None, dH=None, padW=None, padH=None, dilationW=None, dilationH=None):
        super().__init__(kW, kH, dW, dH, padW, padH)
        self.dilationW = 1 if dilationW is None else dilationW
        self.dilationH = 1 if dilationH is None else dilationH
        expect_geometry(self)

    def _parts(self):
        return [*super()._parts(), f'{self.dilationW},{self.dilationH}']
