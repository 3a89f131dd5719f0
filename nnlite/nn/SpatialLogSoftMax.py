"""Scores of each pixel become the logarithms of probabilities."""

from nnlite.nn.LogSoftMax import LogSoftMax


class SpatialLogSoftMax(LogSoftMax):
    """y = x - log(sum of exp(x)), over the planes, at each pixel: nn.LogSoftMax by another name.

    Source: torch/nn, SpatialLogSoftMax.lua.
    """
