"""Numbers near 0 become 0, the others come nearer."""

import numpy as np

from nnlite.nn.shrink import Shrink


class SoftShrink(Shrink):
    """y = 0 where |x| <= lambda, else x - lambda for a positive x, and x + lambda for a negative one.

    Args:
        lambda_: lambda, 0.5 by default.

    Source: torch/nn, SoftShrink.lua.
    """

    def _write_output(self, input, output):
        np.clip(input, -self._bound(), self._bound(), out=output)
        np.subtract(input, output, out=output)
