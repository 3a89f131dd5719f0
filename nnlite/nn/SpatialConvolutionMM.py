"""Convolution over images, with the weight as a matrix."""

import math

from nnlite.nn.convolution import Convolution


class SpatialConvolutionMM(Convolution):
    """The same as nn.SpatialConvolution, but for its weight, in which the kernels of an output plane are one row.

    Args:
        nInputPlane: the planes of the input.
        nOutputPlane: the planes of the output.
        kW, kH: the kernel's width and height.
        dW, dH: the step from one output pixel to the next, 1 by default.
        padW, padH: zeros put around the input, none by default; padH is padW by default.

    Shapes: as in nn.SpatialConvolution; weight (nOutputPlane, nInputPlane * kH * kW).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer = nn.SpatialConvolutionMM(3, 16, 3, 3, 1, 1, 1, 1)
    >>> layer.weight.shape
    (16, 27)
    >>> layer.forward(np.zeros((8, 3, 32, 32), np.float32)).shape
    (8, 16, 32, 32)

    Source: torch/nn, SpatialConvolutionMM.lua.
    """

    def __init__(self, nInputPlane, nOutputPlane, kW, kH, dW=None, dH=None, padW=None, padH=None):
        padH = padW if padH is None else padH
        super().__init__(
            nInputPlane=nInputPlane, nOutputPlane=nOutputPlane, kW=kW, kH=kH, dW=dW, dH=dH, padW=padW, padH=padH
        )

    def _weight_shape(self):
        return self.nOutputPlane, self.nInputPlane * math.prod(self._each('k'))

    def _kernels(self, weight):
        return weight.reshape(self.nOutputPlane, self.nInputPlane, *self._each('k'))
