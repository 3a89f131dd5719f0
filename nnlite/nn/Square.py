"""The square."""

import numpy as np

from nnlite.nn.transfer import Transfer


class Square(Transfer):
    """y = x^2.

    Source: torch/nn, Square.lua.
    """

    def _write_output(self, input, output):
        np.multiply(input, input, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.multiply(gradOutput, 2, out=gradInput)
        np.multiply(gradInput, input, out=gradInput)
