"""The p-norm of each window."""

from nnlite.errors import Error
from nnlite.nn.arguments import number, whole_or_none
from nnlite.nn.MulConstant import MulConstant
from nnlite.nn.Power import Power
from nnlite.nn.Sequential import Sequential
from nnlite.nn.SpatialAveragePooling import SpatialAveragePooling
from nnlite.nn.Sqrt import Sqrt
from nnlite.nn.Square import Square


class SpatialLPPooling(Sequential):
    """y = (sum over each kW x kH window of x^p)^(1/p), made of a power, a mean, a product and a root.

    Args:
        nInputPlane: the planes of the input; any number will do.
        pnorm: p; for an odd one the sums are to be positive.
        kW, kH: the window's width and height.
        dW, dH: the step from one window to the next, the window's own size by default.

    Shapes: input (N, C, H, W) or (C, H, W); output (N, C, oH, oW) or without N, with oH = (H - kH) // dH + 1 and oW
    likewise.

    Raises:
        ShapeError: no window fits.
        Error: p is 0, or no number.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialLPPooling(1, 2, 2, 1).forward(np.float32([[[3, 4, 0, 2]]]))
    array([[[5., 2.]]], dtype=float32)

    Source: torch/nn, SpatialLPPooling.lua.
    """

    def __init__(self, nInputPlane, pnorm, kW, kH, dW=None, dH=None):
        super().__init__()
        whole_or_none(self, 'nInputPlane', nInputPlane)
        if not number(self, 'pnorm', pnorm):
            raise Error(f'expected a pnorm other than 0, got {pnorm}', where='SpatialLPPooling')
        self.kW, self.kH = kW, kH
        self.dW, self.dH = kW if dW is None else dW, kH if dH is None else dH
        self.add(Square() if pnorm == 2 else Power(pnorm))
        self.add(SpatialAveragePooling(kW, kH, self.dW, self.dH))
        self.add(MulConstant(kW * kH))
        self.add(Sqrt() if pnorm == 2 else Power(1 / pnorm))
