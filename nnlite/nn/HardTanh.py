"""The identity between two bounds, and constant beyond."""

from nnlite.errors import Error
from nnlite.nn.arguments import flag, number
from nnlite.nn.transfer import Transfer


class HardTanh(Transfer):
    """y = x between min_value and max_value, the nearer of the two elsewhere.

    Args:
        min_value: -1 by default.
        max_value: 1 by default.
        inplace: write into the input, and into gradOutput.

    Shapes: input and output of any one shape.

    Raises:
        Error: max_value is not above min_value.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.HardTanh(-1, 2).forward(np.float32([-3, 0.5, 3]))
    array([-1. ,  0.5,  2. ], dtype=float32)

    Source: torch/nn, HardTanh.lua.
    """

    min_val, max_val = -1, 1

    def __init__(self, min_value=None, max_value=None, inplace=None):
        super().__init__()
        self.min_val = number(self, 'min_value', min_value, -1)
        self.max_val = number(self, 'max_value', max_value, 1)
        self.inplace = flag(self, 'inplace', inplace)
        if not self.max_val > self.min_val:
            raise Error(f'expected a max_value above {self.min_val}, got {self.max_val}', where=self._name())

    def _write_output(self, input, output):
        self.kernels.HardTanh_updateOutput(input, output, self.min_val, self.max_val)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.HardTanh_updateGradInput(input, gradOutput, gradInput, self.min_val, self.max_val)
