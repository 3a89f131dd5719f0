"""A smooth sign."""

from nnlite.nn.transfer import Transfer


class SoftSign(Transfer):
    """y = x / (1 + |x|); its slope is 1 / (1 + |x|)^2.

    Source: torch/nn, SoftSign.lua.
    """

    foreign = ('temp', 'tempgrad')

    def _write_output(self, input, output):
        self.kernels.SoftSign_updateOutput(input, output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.SoftSign_updateGradInput(input, gradOutput, gradInput)
