"""What the hyperbolic tangent takes away."""

import numpy as np

from nnlite.nn.Tanh import Tanh
from nnlite.nn.transfer import Transfer


class TanhShrink(Transfer):
    """y = x - tanh(x).

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.TanhShrink().forward(np.float32([-1, 0, 1])).round(4)
    array([-0.2384,  0.    ,  0.2384], dtype=float32)

    Source: torch/nn, TanhShrink.lua.
    """

    def __init__(self):
        super().__init__()
        self.tanh = Tanh()

    def _write_output(self, input, output):
        np.subtract(input, self.tanh.updateOutput(input), out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.subtract(gradOutput, self.tanh.updateGradInput(input, gradOutput), out=gradInput)

    def clearState(self):
        """Drop all results and buffers, of nn.Tanh, too; return the module."""
        self.tanh.clearState()
        return super().clearState()
