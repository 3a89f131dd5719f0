"""Scores become the logarithms of probabilities."""

from nnlite.nn.SoftMax import SoftMax


class LogSoftMax(SoftMax):
    """y = x - log(sum of exp(x)), over the classes.

    Shapes: as in nn.SoftMax, and so are the errors.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.LogSoftMax().forward(np.float32([[0, 0], [0, 100]])).round(4)
    array([[  -0.6931,   -0.6931],
           [-100.    ,    0.    ]], dtype=float32)

    Source: torch/nn, LogSoftMax.lua.
    """

    def _write_output(self, input, output):
        self.kernels.LogSoftMax_updateOutput(input, output, self._axis(input))

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.LogSoftMax_updateGradInput(self.output, gradOutput, gradInput, self._axis(input))
