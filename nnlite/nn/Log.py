"""The natural logarithm."""

import numpy as np

from nnlite.nn.transfer import Transfer


class Log(Transfer):
    """y = log(x), to the base e.

    Source: torch/nn, Log.lua.
    """

    def _write_output(self, input, output):
        np.log(input, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.divide(gradOutput, input, out=gradInput)
