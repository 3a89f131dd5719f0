"""The logistic function."""

from nnlite.nn.transfer import Transfer


class Sigmoid(Transfer):
    """y = 1 / (1 + exp(-x)); its slope is y (1 - y).

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Sigmoid().forward(np.float32([-1, 0, 1])).round(4)
    array([0.2689, 0.5   , 0.7311], dtype=float32)

    Source: torch/nn, Sigmoid.lua.
    """

    def _write_output(self, input, output):
        self.kernels.Sigmoid_updateOutput(input, output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.Sigmoid_updateGradInput(self.output, gradOutput, gradInput)
