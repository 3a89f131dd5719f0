"""Scores of each pixel become probabilities."""

from nnlite.nn.SoftMax import SoftMax


class SpatialSoftMax(SoftMax):
    """y = exp(x) / sum of exp(x), over the planes, at each pixel: nn.SoftMax by another name.

    Source: torch/nn, SpatialSoftMax.lua.
    """
