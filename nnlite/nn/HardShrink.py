"""Numbers near 0 become 0, the others stay."""

from nnlite.nn.shrink import Shrink


class HardShrink(Shrink):
    """y = 0 where |x| <= lambda, else x.

    Args:
        lambda_: lambda, 0.5 by default.

    Source: torch/nn, HardShrink.lua.
    """

    def _write_output(self, input, output):
        self.kernels.HardShrink_updateOutput(input, output, self._bound())
