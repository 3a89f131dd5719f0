"""The exponential function."""

import numpy as np

from nnlite.nn.transfer import Transfer


class Exp(Transfer):
    """y = exp(x), which is its slope, too.

    Source: torch/nn, Exp.lua.
    """

    def _write_output(self, input, output):
        np.exp(input, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.multiply(self.output, gradOutput, out=gradInput)
