"""The rectified linear unit with an upper bound."""

from nnlite.nn.HardTanh import HardTanh


class ReLU6(HardTanh):
    """y = min(max(0, x), 6).

    Args:
        inplace: write into the input, and into gradOutput.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.ReLU6().forward(np.float32([-1, 2, 8]))
    array([0., 2., 6.], dtype=float32)

    Source: torch/nn, ReLU6.lua.
    """

    min_val, max_val = 0, 6  # absent in Torch's files

    def __init__(self, inplace=None):
        super().__init__(0, 6, inplace)
