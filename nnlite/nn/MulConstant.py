"""Multiplication by a constant."""

import numbers

import numpy as np

from nnlite.errors import Error
from nnlite.nn.transfer import Transfer


class MulConstant(Transfer):
    """y = constant_scalar * x.

    Args:
        constant_scalar: the constant.
        inplace: write into the input, and into gradOutput; backward then divides the input again, to what it was.

    Raises:
        Error: the constant is no number.

    Source: torch/nn, MulConstant.lua.
    """

    def __init__(self, constant_scalar, inplace=None):
        super().__init__()
        if not isinstance(constant_scalar, numbers.Real):
            kind = type(constant_scalar).__name__
            raise Error(f'expected a number as constant, got {kind}', where='MulConstant')
        self.constant_scalar = constant_scalar
        self.inplace = bool(inplace)

    def _write_output(self, input, output):
        np.multiply(input, self.constant_scalar, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.multiply(gradOutput, self.constant_scalar, out=gradInput)
        if self.inplace:
            np.divide(input, self.constant_scalar, out=input)
