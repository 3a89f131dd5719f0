"""Scores of each pixel become the logarithms of probabilities."""

from nnlite.nn.LogSoftMax import LogSoftMax


class SpatialLogSoftMax(LogSoftMax):
    """y = x - log(sum of exp(x)), over the planes, at each pixel: nn.LogSoftMax by another name.

    Shapes: as in nn.SoftMax.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialLogSoftMax().forward(np.zeros((1, 2, 5, 5), np.float32))[0, :, 3, 4].round(4)
    array([-0.6931, -0.6931], dtype=float32)

    Source: torch/nn, SpatialLogSoftMax.lua.
    """
