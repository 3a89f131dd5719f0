"""Images made larger by a whole factor."""

from nnlite.nn.upsampling import UpSampled


class SpatialUpSamplingNearest(UpSampled):
    """Every pixel becomes a square of scale x scale equal ones; its gradient is the sum over the square.

    Args:
        scale: a whole number, 1 or more.

    Shapes: input (N, C, H, W) or (C, H, W); output (N, C, H scale, W scale) or without N.

    Raises:
        Error: the scale is not a whole number of 1 or more.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialUpSamplingNearest(2).forward(np.float32([[[1, 2]]]))
    array([[[1., 1., 2., 2.],
            [1., 1., 2., 2.]]], dtype=float32)

    Source: torch/nn, SpatialUpSamplingNearest.lua.
    """

    mode = 'nearest'

    def __init__(self, scale):
        super().__init__(scale, self.mode)
