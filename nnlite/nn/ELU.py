"""The exponential linear unit."""

from nnlite.nn.arguments import flag, number
from nnlite.nn.transfer import Transfer


class ELU(Transfer):
    """y = x where x > 0, else alpha (exp(x) - 1).

    Args:
        alpha: how far below 0 it goes, 1 by default.
        inplace: write into the input, and into gradOutput.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.ELU().forward(np.float32([-1, 0, 2])).round(4)
    array([-0.6321,  0.    ,  2.    ], dtype=float32)

    Source: torch/nn, ELU.lua; Clevert et al., "Fast and accurate deep network learning by exponential linear units",
    2016.
    """

    def __init__(self, alpha=None, inplace=None):
        super().__init__()
        self.alpha = number(self, 'alpha', alpha, 1)
        self.inplace = flag(self, 'inplace', inplace)

    def _write_output(self, input, output):
        self.kernels.ELU_updateOutput(input, output, self.alpha)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.ELU_updateGradInput(self.output, gradOutput, gradInput, self.alpha)

    def __repr__(self):
        return f'nn.ELU (alpha:{self.alpha:f})'
