"""The base of all losses."""

import numpy as np

from nnlite.nn.Object import Object


class Criterion(Object):
    """A loss: what an output is worth, given what it should have been, and the gradient with respect to the output.

    Source: torch/nn, Criterion.lua.
    """

    cleared = ('gradInput',)

    def __init__(self):
        super().__init__()
        self.gradInput = np.empty(0, self.dtype)
        self.output = 0.0

    def updateOutput(self, input, target):
        """Compute, keep and return the loss, a float."""
        return self.output

    def updateGradInput(self, input, target):
        """Compute, keep and return the gradient of the loss with respect to the input."""
        return self.gradInput

    def forward(self, input, target):
        """Return the loss, a float."""
        return self.updateOutput(input, target)

    def backward(self, input, target):
        """Return the gradient of the loss with respect to the input."""
        return self.updateGradInput(input, target)

    def __call__(self, input, target):
        """Return (loss, gradInput)."""
        return self.forward(input, target), self.backward(input, target)

    def __repr__(self):
        return f'nn.{type(self).__name__}'
