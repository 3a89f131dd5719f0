"""The mean of each of W x H windows that cover the map, whatever its size."""

from nnlite.nn.adaptive import AdaptivePooling


class SpatialAdaptiveAveragePooling(AdaptivePooling):
    """y = the mean of each window, where W x H windows cover the map; 1 x 1 gives the mean of each plane.

    Args:
        W, H: the width and height of the output.

    Shapes: input (N, C, iH, iW) or (C, iH, iW); output (N, C, H, W) or without N. Window y covers the rows from
    floor(y iH / H) to ceil((y + 1) iH / H), and columns likewise.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialAdaptiveAveragePooling(1, 1).forward(np.float32([[[1, 2], [3, 6]]]))
    array([[[3.]]], dtype=float32)

    Source: torch/nn, SpatialAdaptiveAveragePooling.lua.
    """

    def _compute(self, maps, output):
        self.kernels.AdaptiveAveragePooling_updateOutput(maps, output)

    def _hand_back(self, grads, gradInput):
        self.kernels.AdaptiveAveragePooling_updateGradInput(grads, gradInput)
