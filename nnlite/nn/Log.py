"""The natural logarithm."""

import numpy as np

from nnlite.nn.transfer import Transfer


class Log(Transfer):
    """y = log(x), to the base e.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Log().forward(np.float32([1, 10])).round(4)
    array([0.    , 2.3026], dtype=float32)

    Source: torch/nn, Log.lua.
    """

    def _write_output(self, input, output):
        np.log(input, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.divide(gradOutput, input, out=gradInput)
