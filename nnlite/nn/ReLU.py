"""The rectified linear unit."""

from nnlite.nn.Threshold import Threshold


class ReLU(Threshold):
    """y = max(0, x).

    Args:
        inplace: write into the input, and into gradOutput.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.ReLU().forward(np.float32([-1, 2]))
    array([0., 2.], dtype=float32)

    Source: torch/nn, ReLU.lua.
    """

    threshold = val = 0  # absent in files of cudnn's class

    def __init__(self, inplace=None):
        super().__init__(0, 0, inplace)
