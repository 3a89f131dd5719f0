"""The square root."""

import numpy as np

from nnlite.nn.arguments import number
from nnlite.nn.transfer import Transfer


class Sqrt(Transfer):
    """y = the square root of x; its slope is 1 / (2 y), and taken for 0 where y is 0.

    Args:
        eps: kept, but Torch7 computes nothing with it; 0 by default.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Sqrt().forward(np.float32([4, 9]))
    array([2., 3.], dtype=float32)

    Source: torch/nn, Sqrt.lua.
    """

    eps = 0

    def __init__(self, eps=None):
        super().__init__()
        self.eps = number(self, 'eps', eps, 0)

    def _write_output(self, input, output):
        np.sqrt(input, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.Sqrt_updateGradInput(self.output, gradOutput, gradInput)
