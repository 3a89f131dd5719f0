"""A power."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.transfer import Transfer


class Power(Transfer):
    """y = x^p.

    Args:
        p: the exponent, any number.

    Raises:
        Error: no p is given.

    Source: torch/nn, Power.lua.
    """

    def __init__(self, p):
        super().__init__()
        if p is None:
            raise Error('expected a number as exponent, got None', where='Power')
        self.pow = p

    def _write_output(self, input, output):
        np.power(input, self.pow, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.power(input, self.pow - 1, out=gradInput)
        np.multiply(gradInput, gradOutput, out=gradInput)
        np.multiply(gradInput, self.pow, out=gradInput)
