"""Dimensions that change places."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.arguments import whole
from nnlite.nn.batched import Batched
from nnlite.tensor.dimensions import axis_of


class Transpose(Batched):
    """y = x with pairs of its dimensions swapped, one pair after the other.

    Args:
        permutations: pairs of dimensions, counted from 1.

    With setNumInputDims(n), the dimensions are counted among an input's last n.

    Shapes: input any; output of the same sizes in another order.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Transpose([2, 3], [3, 4]).forward(np.zeros((8, 3, 5, 6), np.float32)).shape
    (8, 5, 6, 3)

    Raises:
        ShapeError: the input has no such dimension.

    Source: torch/nn, Transpose.lua.
    """

    def __init__(self, *permutations):
        super().__init__()
        self.permutations = [self._pair(pair) for pair in permutations]

    def _pair(self, given):
        if not isinstance(given, (list, tuple)) or len(given) != 2:
            raise Error(f'expected pairs of dimensions, got {given!r}', where='Transpose')
        return [whole(self, 'a dimension', dimension) for dimension in given]

    def _swaps(self, ndim):
        """Return the pairs of axes to swap."""
        before = 0 if self.numInputDims is None else ndim - self.numInputDims
        return [[axis_of(dimension + before, ndim, self) for dimension in pair] for pair in self.permutations]

    def updateOutput(self, input):
        self.expect(input)
        self.output = self._swapped('output', input, self._swaps(input.ndim))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = self._swapped('gradInput', gradOutput, reversed(self._swaps(input.ndim)))
        return self.gradInput

    def _swapped(self, name, array, swaps):
        for swap in swaps:
            array = array.swapaxes(*swap)
        copy = self.buffer(name, array.shape, like=array)
        np.copyto(copy, array)
        return copy
