"""The absolute value."""

import numpy as np

from nnlite.nn.transfer import Transfer


class Abs(Transfer):
    """y = |x|; its slope is -1 below 0, else 1.

    Source: torch/nn, Abs.lua.
    """

    def _write_output(self, input, output):
        np.abs(input, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.Abs_updateGradInput(input, gradOutput, gradInput)
