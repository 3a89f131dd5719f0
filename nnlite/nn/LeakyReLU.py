"""A rectifier that lets a little of what is negative through."""

from nnlite.nn.arguments import flag, number
from nnlite.nn.transfer import Transfer


class LeakyReLU(Transfer):
    """y = x where x > 0, else negval x.

    Args:
        negval: the slope below 0; 1/100 by default, or if a boolean comes in its place.
        inplace: write into the input, and into gradOutput; not done for a negval below 0, as the signs would be lost.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.LeakyReLU(0.1).forward(np.float32([-1, 2]))
    array([-0.1,  2. ], dtype=float32)

    Source: torch/nn, LeakyReLU.lua.
    """

    def __init__(self, negval=None, inplace=None):
        super().__init__()
        self.negval = 1 / 100 if isinstance(negval, bool) else number(self, 'negval', negval, 1 / 100)
        self.inplace = flag(self, 'inplace', inplace) and self.negval >= 0

    def _write_output(self, input, output):
        self.kernels.LeakyReLU_updateOutput(input, output, self.negval)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.LeakyReLU_updateGradInput(input, gradOutput, gradInput, self.negval)

    def __repr__(self):
        return f'nn.LeakyReLU({self.negval:g})'
