"""Windows of images added up, with a weight for each plane."""

from nnlite.nn.depthwise import SubSampling


class SpatialSubSampling(SubSampling):
    """y[c] = b[c] + w[c] times the sum over each kW x kH window of x[c].

    Args:
        nInputPlane: the planes of the input.
        kW, kH: the window's width and height.
        dW, dH: the step from one window to the next, 1 by default.

    Shapes: input (N, nInputPlane, H, W) or (nInputPlane, H, W); output (N, nInputPlane, oH, oW) or without N, with
    oH = (H - kH) // dH + 1 and oW likewise; weight (nInputPlane), bias (nInputPlane), drawn from the uniform
    distribution over +-1 / sqrt(kW kH).

    Raises:
        ShapeError: the input has other planes, or is smaller than the window.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer = nn.SpatialSubSampling(1, 2, 2, 2, 2)
    >>> layer.weight[:], layer.bias[:] = 0.25, 10
    >>> layer.forward(np.float32([[[1, 2, 5, 0], [4, 5, 1, 2]]]))
    array([[[13., 12.]]], dtype=float32)

    Source: torch/nn, SpatialSubSampling.lua.
    """

    def __init__(self, nInputPlane, kW, kH, dW=None, dH=None):
        super().__init__(nInputPlane=nInputPlane, kW=kW, kH=kH, dW=dW, dH=dH)

    def _planes(self):
        return self.nInputPlane, self.nInputPlane
