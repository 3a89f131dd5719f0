"""Convolution of each plane of images by kernels of its own."""

from nnlite.nn.depthwise import DepthWise


class SpatialDepthWiseConvolution(DepthWise):
    """y[c * nOutputPlane + o] = b[o, c] + W[o, c] * x[c], where * slides the kernel over the map (cross-correlation).

    Args:
        nInputPlane: the planes of the input.
        nOutputPlane: the planes of the output that come from each of them.
        kW, kH: the kernel's width and height.
        dW, dH: the step from one output pixel to the next, 1 by default.
        padW, padH: zeros put around the input, none by default; padH is padW by default.

    Shapes: input (N, nInputPlane, H, W) or (nInputPlane, H, W); output (N, nInputPlane * nOutputPlane, oH, oW) or
    without N, with oH and oW as in nn.SpatialConvolution; weight (nOutputPlane, nInputPlane, kH, kW), which Torch makes
    of its rows in the first forward, bias (nOutputPlane, nInputPlane).

    Raises:
        ShapeError: the input has other planes, or is smaller than the kernel.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialDepthWiseConvolution(3, 2, 3, 3, 1, 1, 1, 1).forward(np.zeros((8, 3, 32, 32), np.float32)).shape
    (8, 6, 32, 32)

    Source: torch/nn, SpatialDepthWiseConvolution.lua.
    """

    def __init__(self, nInputPlane, nOutputPlane, kW, kH, dW=None, dH=None, padW=None, padH=None):
        padH = padW if padH is None else padH
        super().__init__(
            nInputPlane=nInputPlane, nOutputPlane=nOutputPlane, kW=kW, kH=kH, dW=dW, dH=dH, padW=padW, padH=padH
        )

    def _planes(self):
        return self.nInputPlane, self.nInputPlane * self.nOutputPlane

    def _bias_shape(self):
        return self.nOutputPlane, self.nInputPlane
