"""Some of the inputs, at random, become zero."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.arguments import flag
from nnlite.nn.noise import Drops
from nnlite.tensor.memory import as_they_lie


class Dropout(Drops):
    """In training y = noise * x, where noise is 0 with probability p, else 1 / (1 - p); in evaluation y = x.

    Args:
        p: the probability of a zero, 0.5 by default.
        v1: the first version's scaling: noise is 0 or 1 in training, and y = (1 - p) x in evaluation.
        inplace: write into the input, and into gradOutput.
        stochasticInference: draw noise in evaluation too.

    Shapes: input and output of any one shape.

    Raises:
        Error: p is not in 0 <= p < 1.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net, x = nn.Dropout(0.75), np.ones(1000, np.float32)
    >>> sorted(set(net.forward(x).tolist()))
    [0.0, 4.0]
    >>> bool((net.evaluate().forward(x) == x).all())
    True

    Source: torch/nn, Dropout.lua; Hinton et al., "Improving neural networks by preventing co-adaptation", 2012.
    """

    v2 = False  # absent in files from before there was a choice

    def __init__(self, p=None, v1=None, inplace=None, stochasticInference=None):
        super().__init__(p, stochasticInference)
        self.inplace = flag(self, 'inplace', inplace)
        self.v2 = not flag(self, 'v1', v1)
        if not 0 <= self.p < 1:
            raise Error(f'expected a probability p with 0 <= p < 1, got {self.p}', where='Dropout')

    def _write_output(self, input, output):
        if self.p > 0 and self._draws():
            self._draw(input, input.shape)
            noise, input, output = as_they_lie(self.noise, input, output)
            if self.v2:
                np.divide(noise, 1 - self.p, out=noise)
            np.multiply(input, noise, out=output)
        else:
            input, output = as_they_lie(input, output)
            np.multiply(input, 1 if self.v2 else 1 - self.p, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        if self.p > 0 and self.train:
            noise, gradOutput, gradInput = as_they_lie(self.noise, gradOutput, gradInput)
            np.multiply(gradOutput, noise, out=gradInput)
        else:
            gradOutput, gradInput = as_they_lie(gradOutput, gradInput)
            np.multiply(gradOutput, 1 if self.v2 else 1 - self.p, out=gradInput)
