"""Normal noise is added."""

import numpy as np

from nnlite.nn.arguments import number
from nnlite.nn.noise import Noise


class WhiteNoise(Noise):
    """In training y = x + noise, from a normal distribution; in evaluation y = x + mean.

    Args:
        mean: the mean of the noise, 0 by default.
        std: its standard deviation, 0.1 by default.

    Shapes: input and output of any one shape.

    Raises:
        Error: std is not positive, or backward runs in evaluation.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net, x = nn.WhiteNoise(5, 0.1), np.float32([1, 2])
    >>> bool((net.forward(x) != x).all())
    True
    >>> net.evaluate().forward(x)
    array([6., 7.], dtype=float32)

    Source: torch/nn, WhiteNoise.lua.
    """

    def __init__(self, mean=None, std=None):
        super().__init__()
        self.mean = number(self, 'mean', mean, 0)
        self.std = number(self, 'std', std, 0.1)

    def _write_output(self, input, output):
        if self.train:
            self.noise = self.buffer('noise', input.shape, like=input)
            self.kernels.Normal_fill(self.noise, self.mean, self.std)
        np.add(input, self.noise if self.train else self.mean, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self._expect_training()
        np.copyto(gradInput, gradOutput)

    def __repr__(self):
        return f'nn.WhiteNoise mean: {self.mean:f}, std: {self.std:f}'
