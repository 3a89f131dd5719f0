"""What is not above a threshold becomes a constant."""

from nnlite.errors import Error
from nnlite.nn.arguments import flag, number
from nnlite.nn.transfer import Transfer


class Threshold(Transfer):
    """y = x where x > threshold, else value.

    Args:
        threshold: 1e-6 by default.
        value: 0 by default.
        inplace: write into the input, and into gradOutput.

    Shapes: input and output of any one shape.

    Raises:
        Error: in place, a value above the threshold: the backward pass could not tell where it was put.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Threshold(1, 0).forward(np.float32([-1, 0.5, 2]))
    array([0., 0., 2.], dtype=float32)

    Source: torch/nn, Threshold.lua.
    """

    def __init__(self, threshold=None, value=None, inplace=None):
        super().__init__()
        self.threshold = number(self, 'threshold', threshold, 1e-6)
        self.val = number(self, 'value', value, 0)
        self.inplace = flag(self, 'inplace', inplace)
        self.validateParameters()

    def validateParameters(self):
        """Raise if value and threshold do not allow to work in place, and it is to be done."""
        if self.inplace and self.val > self.threshold:
            raise Error(f'expected, in place, a value of {self.threshold} or less, got {self.val}', where=self._name())

    def _write_output(self, input, output):
        self.validateParameters()
        self.kernels.Threshold_updateOutput(input, output, self.threshold, self.val)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.Threshold_updateGradInput(input, gradOutput, gradInput, self.threshold)
