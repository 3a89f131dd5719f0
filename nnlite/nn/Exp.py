"""The exponential function."""

import numpy as np

from nnlite.nn.transfer import Transfer


class Exp(Transfer):
    """y = exp(x), which is its slope, too.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Exp().forward(np.float32([0, 1])).round(4)
    array([1.    , 2.7183], dtype=float32)

    Source: torch/nn, Exp.lua.
    """

    def _write_output(self, input, output):
        np.exp(input, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.multiply(self.output, gradOutput, out=gradInput)
