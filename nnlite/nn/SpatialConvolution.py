"""Convolution over the two dimensions of images."""

from nnlite.nn.convolution import Convolution


class SpatialConvolution(Convolution):
    """y[o] = b[o] + sum over c of W[o, c] * x[c], where * slides the kernel over the map (cross-correlation).

    Args:
        nInputPlane: the planes of the input.
        nOutputPlane: the planes of the output.
        kW, kH: the kernel's width and height.
        dW, dH: the step from one output pixel to the next, 1 by default.
        padW, padH: zeros put around the input, none by default; padH is padW by default.

    Shapes: input (N, nInputPlane, H, W) or (nInputPlane, H, W); output (N, nOutputPlane, oH, oW) or without N, with
    oH = (H + 2 padH - kH) // dH + 1 and oW likewise; weight (nOutputPlane, nInputPlane, kH, kW), bias (nOutputPlane),
    drawn from the uniform distribution over +-1 / sqrt(kW kH nInputPlane).

    Raises:
        ShapeError: the input has other planes, or is smaller than the kernel.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialConvolution(3, 16, 3, 3, 2, 2, 1, 1).forward(np.zeros((8, 3, 32, 32), np.float32)).shape
    (8, 16, 16, 16)

    Source: torch/nn, SpatialConvolution.lua.
    """

    def __init__(self, nInputPlane, nOutputPlane, kW, kH, dW=None, dH=None, padW=None, padH=None):
        padH = padW if padH is None else padH
        super().__init__(
            nInputPlane=nInputPlane, nOutputPlane=nOutputPlane, kW=kW, kH=kH, dW=dW, dH=dH, padW=padW, padH=padH
        )
