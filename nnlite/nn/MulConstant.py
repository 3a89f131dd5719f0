"""Multiplication by a constant."""

import numpy as np

from nnlite.nn.arguments import flag, number
from nnlite.nn.transfer import Transfer


class MulConstant(Transfer):
    """y = constant_scalar * x.

    Args:
        constant_scalar: the constant.
        inplace: write into the input, and into gradOutput; backward then divides the input again, to what it was.

    Shapes: input and output of any one shape.

    Raises:
        Error: the constant is no number.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.MulConstant(3).forward(np.float32([1, -2]))
    array([ 3., -6.], dtype=float32)

    Source: torch/nn, MulConstant.lua.
    """

    def __init__(self, constant_scalar, inplace=None):
        super().__init__()
        self.constant_scalar = number(self, 'constant_scalar', constant_scalar)
        self.inplace = flag(self, 'inplace', inplace)

    def _write_output(self, input, output):
        np.multiply(input, self.constant_scalar, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.multiply(gradOutput, self.constant_scalar, out=gradInput)
        if self.inplace:
            np.divide(input, self.constant_scalar, out=input)
