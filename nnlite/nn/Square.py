"""The square."""

import numpy as np

from nnlite.nn.transfer import Transfer


class Square(Transfer):
    """y = x^2.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Square().forward(np.float32([-3, 2]))
    array([9., 4.], dtype=float32)

    Source: torch/nn, Square.lua.
    """

    def _write_output(self, input, output):
        np.multiply(input, input, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.multiply(gradOutput, 2, out=gradInput)
        np.multiply(gradInput, input, out=gradInput)
