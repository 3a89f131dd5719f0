"""The logistic function."""

from nnlite.nn.transfer import Transfer


class Sigmoid(Transfer):
    """y = 1 / (1 + exp(-x)); its slope is y (1 - y).

    Source: torch/nn, Sigmoid.lua.
    """

    def _write_output(self, input, output):
        self.kernels.Sigmoid_updateOutput(input, output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.Sigmoid_updateGradInput(self.output, gradOutput, gradInput)
