"""Convolution over images with holes in the kernel."""

from nnlite.nn.SpatialConvolution import SpatialConvolution


class SpatialDilatedConvolution(SpatialConvolution):
    """nn.SpatialConvolution with dilationW - 1 and dilationH - 1 pixels left out between those that the kernel sees.

    So it looks further without more weights: 3 x 3 dilated by 2 spans 5 x 5.

    Args:
        nInputPlane: the planes of the input.
        nOutputPlane: the planes of the output.
        kW, kH: the kernel's width and height.
        dW, dH: the step from one output pixel to the next, 1 by default.
        padW, padH: zeros put around the input, none by default; padH is padW by default.
        dilationW, dilationH: the step from one pixel that the kernel sees to the next, 1 by default.

    Shapes: as in nn.SpatialConvolution, but oH = (H + 2 padH - dilationH (kH - 1) - 1) // dH + 1, and oW likewise.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialDilatedConvolution(3, 16, 3, 3, 1, 1, 2, 2, 2, 2).forward(np.zeros((8, 3, 32, 32), np.float32)).shape
    (8, 16, 32, 32)

    Source: torch/nn, SpatialDilatedConvolution.lua.
    """

    def __init__(
        self, nInputPlane, nOutputPlane, kW, kH, dW=None, dH=None, padW=None, padH=None, dilationW=None, dilationH=None
    ):
        super().__init__(nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH)
        self.dilationW, self.dilationH = 1 if dilationW is None else dilationW, 1 if dilationH is None else dilationH

    def _terms(self):
        return [*super()._terms(), self._written('dilation')]
