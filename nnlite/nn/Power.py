"""A power."""

import numpy as np

from nnlite.nn.arguments import number
from nnlite.nn.transfer import Transfer


class Power(Transfer):
    """y = x^p.

    Args:
        p: the exponent, any number.

    Raises:
        Error: p is no number.

    Source: torch/nn, Power.lua.
    """

    def __init__(self, p):
        super().__init__()
        self.pow = number(self, 'p', p)

    def _write_output(self, input, output):
        np.power(input, self.pow, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.power(input, self.pow - 1, out=gradInput)
        np.multiply(gradInput, gradOutput, out=gradInput)
        np.multiply(gradInput, self.pow, out=gradInput)
