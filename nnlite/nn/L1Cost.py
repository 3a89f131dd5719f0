"""The sum of absolute values, which makes outputs sparse."""

import numpy as np

from nnlite.nn.Criterion import Criterion


class L1Cost(Criterion):
    """loss = sum of |x|: there is no target.

    Shapes: any.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> criterion = nn.L1Cost()
    >>> criterion.forward(np.float32([1, -2]))
    3.0
    >>> criterion.backward(np.float32([1, -2]))
    array([ 1., -1.], dtype=float32)

    Source: torch/nn, L1Cost.lua.
    """

    def updateOutput(self, input, target=None):
        self.expect(input)
        size = np.abs(input, out=self.buffer('size', input.shape, like=input))
        self.output = self._number(np.sum(size, dtype=np.float64))
        return self.output

    def updateGradInput(self, input, target=None):
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        return np.sign(input, out=self.gradInput)
