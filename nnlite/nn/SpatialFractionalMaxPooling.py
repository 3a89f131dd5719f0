"""The largest pixel of each window, windows being drawn at random."""

from nnlite.nn.fractional import FractionalMaxPooling


class SpatialFractionalMaxPooling(FractionalMaxPooling):
    """y = the largest input in each poolSizeW x poolSizeH window; by how much they overlap is drawn for each plane.

    Args:
        poolSizeW, poolSizeH: the window's width and height, 2 or more.
        outW, outH: the output's width and height; or, if one is less than 1, what they are to the input's.

    Each forward draws new windows, unless fixPoolingRegions() says to keep those of the one before. `indices` tells
    where each pixel came from: y * W + x + 1.

    Shapes: input (N, C, H, W) or (C, H, W); output (N, C, outH, outW) or without N, with outH = floor(H outH) where
    it is a ratio, and outW likewise; randomSamples (N, C, 2), where the windows lie in x and in y.

    Raises:
        ShapeError: the windows do not fit: outH + poolSizeH is more than H, or outW + poolSizeW more than W.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialFractionalMaxPooling(2, 2, 0.7, 0.7).forward(np.zeros((8, 3, 32, 32), np.float32)).shape
    (8, 3, 22, 22)

    Source: torch/nn, SpatialFractionalMaxPooling.lua; Graham, Fractional Max-Pooling, 2014.
    """

    def __init__(self, poolSizeW, poolSizeH, outW, outH):
        super().__init__((poolSizeW, poolSizeH), (outW, outH))
