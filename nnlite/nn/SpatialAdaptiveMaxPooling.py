"""The largest pixel of each of W x H windows that cover the map, whatever its size."""

import numpy as np

from nnlite.nn.adaptive import AdaptivePooling


class SpatialAdaptiveMaxPooling(AdaptivePooling):
    """y = the largest input in each window, where W x H windows cover the map; the gradient goes to that pixel.

    Args:
        W, H: the width and height of the output.

    `indices` (2, N, C, H, W), or without N, tells where each pixel came from: its row in the window and its column,
    counted from 1.

    Shapes: input (N, C, iH, iW) or (C, iH, iW); output (N, C, H, W) or without N. Window y covers the rows from
    floor(y / H * iH) to ceil((y + 1) / H * iH), in single precision, and columns likewise.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialAdaptiveMaxPooling(2, 1).forward(np.float32([[[1, 2, 3], [4, 5, 0]]]))
    array([[[5., 5.]]], dtype=float32)

    Source: torch/nn, SpatialAdaptiveMaxPooling.lua.
    """

    cleared = (*AdaptivePooling.cleared, 'indices')

    def __init__(self, W, H):
        super().__init__(W, H)
        self.indices = np.empty(0, np.int64)

    def updateOutput(self, input):
        super().updateOutput(input)
        if self.output.ndim == 3:
            self.indices = self.indices[:, 0]
        return self.output

    def _compute(self, maps, output):
        self.indices = self.buffer('indices', (2, *output.shape), like=output, layout='plain', dtype=np.int64)
        self.kernels.AdaptiveMaxPooling_updateOutput(maps, output, self.indices)

    def _hand_back(self, grads, gradInput):
        indices = self.indices.reshape(2, *grads.shape)
        self.kernels.AdaptiveMaxPooling_updateGradInput(grads, indices, gradInput)
