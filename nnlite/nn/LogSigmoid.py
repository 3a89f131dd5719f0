"""The logarithm of the logistic function."""

import numpy as np

from nnlite.nn.transfer import Transfer


class LogSigmoid(Transfer):
    """y = log(1 / (1 + exp(-x))), for an x of any size; its slope is 1 / (1 + exp(x)).

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.LogSigmoid().forward(np.float32([-100, 0])).round(4)
    array([-100.    ,   -0.6931], dtype=float32)

    Source: torch/nn, LogSigmoid.lua.
    """

    foreign = ('buffer',)

    def _write_output(self, input, output):
        self.kernels.LogSigmoid_updateOutput(input, output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.negative(input, out=gradInput)
        self.kernels.Sigmoid_updateOutput(gradInput, gradInput)
        np.multiply(gradInput, gradOutput, out=gradInput)
