"""Bounds to numbers."""

from nnlite.nn.HardTanh import HardTanh


class Clamp(HardTanh):
    """y = x between min_value and max_value, the nearer of the two elsewhere.

    Args:
        min_value: -1 by default.
        max_value: 1 by default.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Clamp(-1, 2).forward(np.float32([-3, 0.5, 3]))
    array([-1. ,  0.5,  2. ], dtype=float32)

    Source: torch/nn, Clamp.lua.
    """

    def __init__(self, min_value=None, max_value=None):
        super().__init__(min_value, max_value)
