"""Convolution over volumes with holes in the kernel."""

from nnlite.nn.VolumetricConvolution import VolumetricConvolution


class VolumetricDilatedConvolution(VolumetricConvolution):
    """nn.VolumetricConvolution with pixels left out between those that the kernel sees.

    Args:
        nInputPlane: the planes of the input.
        nOutputPlane: the planes of the output.
        kT, kW, kH: the kernel's duration (or depth), width and height.
        dT, dW, dH: the step from one output pixel to the next, 1 by default.
        padT, padW, padH: zeros put around the input, none by default; padW is padT, and padH is padW, by default.
        dilationT, dilationW, dilationH: the step from one pixel that the kernel sees to the next, 1 by default.

    Shapes: as in nn.VolumetricConvolution, but oT = (T + 2 padT - dilationT (kT - 1) - 1) // dT + 1, and so on.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer = nn.VolumetricDilatedConvolution(3, 4, 3, 3, 3, 1, 1, 1, 2, 2, 2, 2, 2, 2)
    >>> layer.forward(np.zeros((3, 6, 8, 8), np.float32)).shape
    (4, 6, 8, 8)

    Source: torch/nn, VolumetricDilatedConvolution.lua.
    """

    says_no_bias = True

    def __init__(
        self, nInputPlane, nOutputPlane, kT, kW, kH, dT=None, dW=None, dH=None, padT=None, padW=None, padH=None,
        dilationT=None, dilationW=None, dilationH=None,
    ):  # fmt: skip
        super().__init__(nInputPlane, nOutputPlane, kT, kW, kH, dT, dW, dH, padT, padW, padH)
        self.dilationT = 1 if dilationT is None else dilationT
        self.dilationW = 1 if dilationW is None else dilationW
        self.dilationH = 1 if dilationH is None else dilationH

    def _terms(self):
        return [*super()._terms(), self._written('dilation')]
