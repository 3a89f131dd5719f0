"""Numbers near 0 become 0, the others stay."""

from nnlite.nn.shrink import Shrink


class HardShrink(Shrink):
    """y = 0 where |x| <= lambda, else x.

    Args:
        lambda_: lambda, 0.5 by default.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.HardShrink().forward(np.float32([-2, 0.5, 1]))
    array([-2.,  0.,  1.], dtype=float32)

    Source: torch/nn, HardShrink.lua.
    """

    def _write_output(self, input, output):
        self.kernels.HardShrink_updateOutput(input, output, self._bound())
