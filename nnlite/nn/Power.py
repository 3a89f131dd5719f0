"""A power."""

import numpy as np

from nnlite.nn.arguments import number
from nnlite.nn.transfer import Transfer


class Power(Transfer):
    """y = x^p.

    Args:
        p: the exponent, any number.

    Shapes: input and output of any one shape.

    Raises:
        Error: p is no number.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Power(2).forward(np.float32([1, 2, 3]))
    array([1., 4., 9.], dtype=float32)

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
