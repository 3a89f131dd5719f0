"""Convolution over the three dimensions of volumes, or of video."""

from nnlite.nn.convolution import Convolution


class VolumetricConvolution(Convolution):
    """y[o] = b[o] + sum over c of W[o, c] * x[c], where * slides the kernel through the volume (cross-correlation).

    Args:
        nInputPlane: the planes of the input.
        nOutputPlane: the planes of the output.
        kT, kW, kH: the kernel's duration (or depth), width and height.
        dT, dW, dH: the step from one output pixel to the next, 1 by default.
        padT, padW, padH: zeros put around the input, none by default; padW is padT, and padH is padW, by default.

    Shapes: input (N, nInputPlane, T, H, W) or (nInputPlane, T, H, W); output (N, nOutputPlane, oT, oH, oW) or without
    N, with oT = (T + 2 padT - kT) // dT + 1, oH and oW likewise; weight (nOutputPlane, nInputPlane, kT, kH, kW), bias
    (nOutputPlane), drawn from the uniform distribution over +-1 / sqrt(kT kW kH nInputPlane).

    Raises:
        ShapeError: the input has other planes, or is smaller than the kernel.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.VolumetricConvolution(3, 4, 2, 3, 3, 1, 1, 1, 0, 1).forward(np.zeros((3, 8, 16, 16), np.float32)).shape
    (4, 7, 16, 16)

    Source: torch/nn, VolumetricConvolution.lua.
    """

    sides = 'THW'
    says_no_bias = False

    def __init__(
        self, nInputPlane, nOutputPlane, kT, kW, kH, dT=None, dW=None, dH=None, padT=None, padW=None, padH=None
    ):
        padW = padT if padW is None else padW
        padH = padW if padH is None else padH
        super().__init__(
            nInputPlane=nInputPlane, nOutputPlane=nOutputPlane,
            kT=kT, kW=kW, kH=kH, dT=dT, dW=dW, dH=dH, padT=padT, padW=padW, padH=padH,
        )  # fmt: skip
