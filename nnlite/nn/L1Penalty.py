"""A penalty on what passes through."""

import numpy as np

from nnlite.nn.arguments import flag, number
from nnlite.nn.Module import Module


class L1Penalty(Module):
    """y = x, but the gradient of l1weight * (sum of |x|) is added to the one that comes back.

    The penalty itself is in `loss`.

    Args:
        l1weight: how much it weighs.
        sizeAverage: divide it by the number of elements.
        provideOutput: True by default; if not, gradOutput does not count, and the penalty's gradient is all that
            comes back.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net, x = nn.L1Penalty(0.5), np.float32([1, -2])
    >>> _ = net.forward(x)
    >>> net.loss
    1.5
    >>> net.backward(x, np.zeros(2, np.float32))
    array([ 0.5, -0.5], dtype=float32)

    Source: torch/nn, L1Penalty.lua.
    """

    def __init__(self, l1weight, sizeAverage=None, provideOutput=None):
        super().__init__()
        self.l1weight = number(self, 'l1weight', l1weight)
        self.sizeAverage = flag(self, 'sizeAverage', sizeAverage)
        self.provideOutput = flag(self, 'provideOutput', provideOutput, True)

    def _weight(self, input):
        return self.l1weight / input.size if self.sizeAverage else self.l1weight

    def updateOutput(self, input):
        self.expect(input)
        sizes = np.abs(input, out=self.buffer('sizes', input.shape, like=input))
        self.loss = self._weight(input) * float(np.sum(sizes, dtype=np.float64))
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        np.multiply(np.sign(input, out=self.gradInput), self._weight(input), out=self.gradInput)
        if self.provideOutput:
            np.add(self.gradInput, gradOutput, out=self.gradInput)
        return self.gradInput
