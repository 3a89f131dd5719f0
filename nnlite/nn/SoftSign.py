"""A smooth sign."""

from nnlite.nn.transfer import Transfer


class SoftSign(Transfer):
    """y = x / (1 + |x|); its slope is 1 / (1 + |x|)^2.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SoftSign().forward(np.float32([-1, 0, 3]))
    array([-0.5 ,  0.  ,  0.75], dtype=float32)

    Source: torch/nn, SoftSign.lua.
    """

    foreign = ('temp', 'tempgrad')

    def _write_output(self, input, output):
        self.kernels.SoftSign_updateOutput(input, output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.SoftSign_updateGradInput(input, gradOutput, gradInput)
