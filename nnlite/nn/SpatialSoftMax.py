"""Scores of each pixel become probabilities."""

from nnlite.nn.SoftMax import SoftMax


class SpatialSoftMax(SoftMax):
    """y = exp(x) / sum of exp(x), over the planes, at each pixel: nn.SoftMax by another name.

    Shapes: as in nn.SoftMax.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialSoftMax().forward(np.zeros((4, 2, 3), np.float32))[:, 1, 2]
    array([0.25, 0.25, 0.25, 0.25], dtype=float32)

    Source: torch/nn, SpatialSoftMax.lua.
    """
