"""A border of the nearest pixels."""

from nnlite.nn.borders import Bordered


class SpatialReplicationPadding(Bordered):
    """Put around the planes what their outermost pixels hold.

    Args:
        pad_l, pad_r, pad_t, pad_b: how many pixels to the left, right, top and bottom, or, below zero, how many are
            cropped there; what is left out is pad_l.

    Shapes: input (N, C, H, W) or (C, H, W); output (N, C, pad_t + H + pad_b, pad_l + W + pad_r) or without N.

    Raises:
        ShapeError: nothing is left of the input.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialReplicationPadding(2, 1, 0, 0).forward(np.float32([[[1, 2, 3, 4]]]))
    array([[[1., 1., 1., 2., 3., 4., 4.]]], dtype=float32)

    Source: torch/nn, SpatialReplicationPadding.lua.
    """

    border = 'replication'

    def __init__(self, pad_l, pad_r=None, pad_t=None, pad_b=None):
        super().__init__(pad_l, pad_r, pad_t, pad_b)
