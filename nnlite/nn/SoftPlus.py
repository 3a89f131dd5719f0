"""A smooth rectifier."""

from nnlite.nn.arguments import number
from nnlite.nn.transfer import Transfer


class SoftPlus(Transfer):
    """y = log(1 + exp(beta x)) / beta; y = x where beta x > 20, where the two are as good as equal.

    Args:
        beta: how sharp the bend is, 1 by default.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SoftPlus().forward(np.float32([-50, 0, 50]))
    array([1.9287499e-22, 6.9314718e-01, 5.0000000e+01], dtype=float32)

    Source: torch/nn, SoftPlus.lua.
    """

    def __init__(self, beta=None):
        super().__init__()
        self.beta = number(self, 'beta', beta, 1)
        self.threshold = 20

    def _write_output(self, input, output):
        self.kernels.SoftPlus_updateOutput(input, output, self.beta, self.threshold)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.SoftPlus_updateGradInput(self.output, gradOutput, gradInput, self.beta, self.threshold)
