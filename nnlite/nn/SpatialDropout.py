"""Some of the planes, at random, become zero."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.noise import Drops


class SpatialDropout(Drops):
    """In training y = noise * x, where noise is 0 for a plane with probability p, else 1; in evaluation y = (1 - p) x.

    Neighbouring pixels know much of each other: that one of them is missing would teach a network little.

    Args:
        p: the probability of a zero, 0.5 by default.
        stochasticInference: draw noise in evaluation too.

    Shapes: input (N, C, H, W) or (C, H, W).

    Raises:
        Error: p is not in 0 <= p <= 1, or backward runs in evaluation.
        ShapeError: the input has other dimensions.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net, x = nn.SpatialDropout(), np.ones((8, 3, 4, 4), np.float32)
    >>> y = net.forward(x)
    >>> bool((y == y[:, :, :1, :1]).all())
    True
    >>> float(net.evaluate().forward(x).max())
    0.5

    Source: torch/nn, SpatialDropout.lua; Tompson et al., "Efficient object localization using convolutional networks",
    2015.
    """

    space = ('H', 'W')

    def __init__(self, p=None, stochasticInference=None):
        super().__init__(p, stochasticInference)
        if not 0 <= self.p <= 1:
            raise Error(f'expected a probability p with 0 <= p <= 1, got {self.p}', where=type(self).__name__)

    def _write_output(self, input, output):
        self.expect(input, ('N', 'C', *self.space), single=True)
        if self._draws():
            sides = len(self.space)
            self._draw(input, input.shape[:-sides] + (1,) * sides)
        np.multiply(input, self.noise if self._draws() else 1 - self.p, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self._expect_training()
        np.multiply(gradOutput, self.noise, out=gradInput)
