"""A border of the nearest pixels, in three dimensions."""

from nnlite.nn.borders import Bordered


class VolumetricReplicationPadding(Bordered):
    """Put around the volumes what their outermost pixels hold.

    Args:
        pleft, pright, ptop, pbottom, pfront, pback: how many pixels to the left, right, top, bottom, front and back,
            or, below zero, how many are cropped there; what is left out is pleft.

    Shapes: input (N, C, T, H, W) or (C, T, H, W); output (N, C, pfront + T + pback, ptop + H + pbottom,
    pleft + W + pright) or without N.

    Raises:
        ShapeError: nothing is left of the input.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.VolumetricReplicationPadding(1, 1, 0, 0, 0, 0).forward(np.float32([[[[1, 2]]]]))
    array([[[[1., 1., 2., 2.]]]], dtype=float32)

    Source: torch/nn, VolumetricReplicationPadding.lua.
    """

    sides = 'THW'
    border = 'replication'
    prefix, ends = 'p', ('left', 'right', 'top', 'bottom', 'front', 'back')

    def __init__(self, pleft, pright=None, ptop=None, pbottom=None, pfront=None, pback=None):
        super().__init__(pleft, pright, ptop, pbottom, pfront, pback)
