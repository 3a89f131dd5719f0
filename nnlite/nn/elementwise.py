"""Losses that look at one element and its target at a time: what they share."""

import numpy as np

from nnlite.nn.reshaped import reshaped
from nnlite.nn.weighted import Weighted


class Elementwise(Weighted):
    """The base of losses that are the mean, or the sum, of a function of each element and its target.

    A loss says what that function is (`_loss`), and its slope with respect to the element (`_slope`).

    Shapes: input any; target of as many elements, which are taken in their logical order. With weights, input (N, C)
    or (C).
    """

    def updateOutput(self, input, target=None):
        target = self._target(input, target)
        loss = self.buffer('loss', input.shape, like=input)
        self._loss(input, target, loss)
        if self.weights is not None:
            np.multiply(loss, self.weights, out=loss)
        self.output = self._number(np.sum(loss, dtype=np.float64), self._divisor(input.size))
        return self.output

    def updateGradInput(self, input, target=None):
        target = self._target(input, target)
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self._slope(input, target, self.gradInput)
        if self.weights is not None:
            np.multiply(self.gradInput, self.weights, out=self.gradInput)
        np.divide(self.gradInput, self._divisor(input.size), out=self.gradInput)
        return self.gradInput

    def _target(self, input, target):
        """Return the target in the shape of the input; raise unless both are what this loss takes."""
        self.expect(input, None if self.weights is None else ('N', self._classes()), single=True)
        self.expect(target, None if getattr(target, 'size', None) == input.size else input.shape, 'target')
        return target if target.shape == input.shape else reshaped(self, 'target', target, input.shape)

    def _loss(self, input, target, loss):
        """Put the function of each element and its target in `loss`."""
        raise NotImplementedError

    def _slope(self, input, target, slope):
        """Put its derivative with respect to the element in `slope`."""
        raise NotImplementedError
