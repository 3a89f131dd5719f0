"""The largest pixel of each window over three dimensions, windows being drawn at random."""

from nnlite.nn.fractional import FractionalMaxPooling


class VolumetricFractionalMaxPooling(FractionalMaxPooling):
    """y = the largest input in each window of poolSizeT x poolSizeW x poolSizeH; as nn.SpatialFractionalMaxPooling.

    Args:
        poolSizeT, poolSizeW, poolSizeH: the window's sizes, 2 or more.
        outT, outW, outH: the output's sizes; or, if one is less than 1, what they are to the input's.

    Shapes: here time comes last: input (N, C, H, W, T) or (C, H, W, T); output (N, C, outH, outW, outT) or without N;
    randomSamples (N, C, 3), where the windows lie in time, x and y.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.VolumetricFractionalMaxPooling(2, 2, 2, 3, 4, 5).forward(np.zeros((3, 8, 8, 8), np.float32)).shape
    (3, 5, 4, 3)

    Source: torch/nn, VolumetricFractionalMaxPooling.lua.
    """

    sides, order = 'HWT', 'TWH'

    def __init__(self, poolSizeT, poolSizeW, poolSizeH, outT, outW, outH):
        super().__init__((poolSizeT, poolSizeW, poolSizeH), (outT, outW, outH))
