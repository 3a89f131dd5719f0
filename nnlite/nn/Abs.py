"""The absolute value."""

import numpy as np

from nnlite.nn.transfer import Transfer


class Abs(Transfer):
    """y = |x|; its slope is -1 below 0, else 1.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Abs().forward(np.float32([-3, 0, 2]))
    array([3., 0., 2.], dtype=float32)

    Source: torch/nn, Abs.lua.
    """

    def _write_output(self, input, output):
        np.abs(input, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.Abs_updateGradInput(input, gradOutput, gradInput)
