"""The largest pixel of each window over three dimensions, whose pixels lie apart."""

from nnlite.nn.spatial import expect_geometry
from nnlite.nn.VolumetricMaxPooling import VolumetricMaxPooling


class VolumetricDilatedMaxPooling(VolumetricMaxPooling):
    """y = the largest of kT x kW x kH inputs that lie a step of dilation apart; else as nn.VolumetricMaxPooling.

    Args:
        kT, kW, kH: how many pixels a window has in time, in a row and in a column.
        dT, dW, dH: the step from one window to the next, kT, kW and kH by default.
        padT, padW, padH: pixels of -inf around the input, at most half of kT, kW and kH, none by default.
        dilationT, dilationW, dilationH: the step from one pixel of a window to the next, 1 by default.

    Shapes: as in nn.VolumetricMaxPooling, with dilationT (kT - 1) + 1 for kT, and the others likewise.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer = nn.VolumetricDilatedMaxPooling(2, 2, 2, 1, 1, 1, 0, 0, 0, 2, 2, 2)
    >>> layer.forward(np.zeros((3, 6, 8, 8), np.float32)).shape
    (3, 4, 6, 6)

    Source: torch/nn, VolumetricDilatedMaxPooling.lua.
    """

    def __init__(
        self, kT, kW, kH, dT=None, dW=None, dH=None, padT=None, padW=None, padH=None,
        dilationT=None, dilationW=None, dilationH=None,
    ):  # fmt: skip
        super().__init__(kT, kW, kH, dT, dW, dH, padT, padW, padH)
        self.dilationT = 1 if dilationT is None else dilationT
        self.dilationW = 1 if dilationW is None else dilationW
        self.dilationH = 1 if dilationH is None else dilationH
        expect_geometry(self)

    def _parts(self):
        return [*super()._parts(), f'{self.dilationT},{self.dilationW},{self.dilationH}']
