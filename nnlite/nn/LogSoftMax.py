"""Scores become the logarithms of probabilities."""

from nnlite.nn.SoftMax import SoftMax


class LogSoftMax(SoftMax):
    """y = x - log(sum of exp(x)), over the classes.

    Shapes and errors: as in nn.SoftMax.

    Source: torch/nn, LogSoftMax.lua.
    """

    def _write_output(self, input, output):
        self.kernels.LogSoftMax_updateOutput(input, output, self._axis(input))

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.LogSoftMax_updateGradInput(self.output, gradOutput, gradInput, self._axis(input))
