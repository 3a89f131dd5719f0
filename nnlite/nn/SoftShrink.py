"""Numbers near 0 become 0, the others come nearer."""

import numpy as np

from nnlite.nn.shrink import Shrink


class SoftShrink(Shrink):
    """y = 0 where |x| <= lambda, else x - lambda for a positive x, and x + lambda for a negative one.

    Args:
        lambda_: lambda, 0.5 by default.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SoftShrink().forward(np.float32([-2, 0.5, 1]))
    array([-1.5,  0. ,  0.5], dtype=float32)

    Source: torch/nn, SoftShrink.lua.
    """

    def _write_output(self, input, output):
        np.clip(input, -self._bound(), self._bound(), out=output)
        np.subtract(input, output, out=output)
        self.kernels.HardShrink_updateOutput(output, output, 0)  # as in THNN, what is no number becomes 0
