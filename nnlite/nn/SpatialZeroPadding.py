"""A border of zeros."""

from nnlite.nn.borders import Bordered


class SpatialZeroPadding(Bordered):
    """Put zeros around the planes.

    Args:
        pad_l, pad_r, pad_t, pad_b: how many pixels to the left, right, top and bottom, or, below zero, how many are
            cropped there; what is left out is pad_l.

    Shapes: input (N, C, H, W) or (C, H, W); output (N, C, pad_t + H + pad_b, pad_l + W + pad_r) or without N.

    Raises:
        ShapeError: nothing is left of the input.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialZeroPadding(2, 1, 0, 0).forward(np.float32([[[1, 2, 3, 4]]]))
    array([[[0., 0., 1., 2., 3., 4., 0.]]], dtype=float32)

    Source: torch/nn, SpatialZeroPadding.lua.
    """

    border = 'zero'

    def __init__(self, pad_l, pad_r=None, pad_t=None, pad_b=None):
        super().__init__(pad_l, pad_r, pad_t, pad_b)
