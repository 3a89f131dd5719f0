"""A rectifier with random slopes."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.arguments import flag, number
from nnlite.nn.noise import Noise
from nnlite.tensor.devices import is_on_gpu


class RReLU(Noise):
    """y = x where x > 0, else noise x, with a noise drawn for each number; in evaluation (lower + upper) / 2 instead.

    Args:
        lower: the least noise, 1/8 by default.
        upper: the greatest, 1/3 by default.
        inplace: write into the input, and into gradOutput.

    Shapes: input and output of any one shape.

    Raises:
        Error: not 0 <= lower <= upper.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.RReLU(0.25, 0.75).evaluate().forward(np.float32([-4, 2]))
    array([-2.,  2.], dtype=float32)

    Source: torch/nn, RReLU.lua; Xu et al., "Empirical evaluation of rectified activations in convolutional network",
    2015.
    """

    def __init__(self, lower=None, upper=None, inplace=None):
        super().__init__()
        self.lower = number(self, 'lower', lower, 1 / 8)
        self.upper = number(self, 'upper', upper, 1 / 3)
        if not 0 <= self.lower <= self.upper:
            raise Error(f'expected 0 <= lower <= upper, got {self.lower} and {self.upper}', where='RReLU')
        self.inplace = flag(self, 'inplace', inplace)

    def _write_output(self, input, output):
        if self.train:
            self._draw(input)
            np.multiply(input, self.noise, out=output)
        else:
            self.kernels.LeakyReLU_updateOutput(input, output, (self.lower + self.upper) / 2)

    def _draw(self, input):
        """Draw a noise for each number that is not positive, in their logical order; it is 1 for the others."""
        drawn = np.less_equal(input, 0, out=self.buffer('drawn', input.shape, like=input, dtype=bool))
        self.noise = self.buffer('noise', input.shape, like=input)
        if is_on_gpu(input):  # where it costs less to draw for all than to ask how many there are
            self.kernels.Uniform_fill(self.noise, self.lower, self.upper)
            np.copyto(self.noise, 1, where=np.logical_not(drawn, out=drawn))
        else:
            draws = self.buffer('draws', (int(np.count_nonzero(drawn)),), like=input)
            self.kernels.Uniform_fill(draws, self.lower, self.upper)
            self.noise.fill(1)
            self.noise[drawn] = draws

    def _write_gradInput(self, input, gradOutput, gradInput):
        if self.train and self.upper - self.lower > 1e-6:
            np.multiply(gradOutput, self.noise, out=gradInput)
        else:
            if gradInput is not gradOutput:
                np.copyto(gradInput, gradOutput)
            # As LeakyReLU in place, which scales what is <= 0: what is no number is not.
            self.kernels.LeakyReLU_updateGradInput(input, gradInput, gradInput, (self.lower + self.upper) / 2)

    def __repr__(self):
        return f'nn.RReLU (l:{self.lower:f}, u:{self.upper:f})'
