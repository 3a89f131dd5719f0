"""A dimension of size 1, put in."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.arguments import whole
from nnlite.nn.batched import Batched


class Unsqueeze(Batched):
    """y = x with a dimension of size 1 in front of dimension `pos`, or behind the last: a view.

    Args:
        pos: the place of the new dimension, counted from 1.
        numInputDims: how many dimensions an input has without the batch's, which are not counted; by default as many
            as the first input that comes.

    Shapes: input any; output with a dimension of size 1 more.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Unsqueeze(1, 2).forward(np.zeros((8, 28, 28), np.float32)).shape
    (8, 1, 28, 28)

    Raises:
        ShapeError: the input has no such place.

    Source: torch/nn, Unsqueeze.lua.
    """

    def __init__(self, pos, numInputDims=None):
        super().__init__()
        self.pos = whole(self, 'pos', pos)
        self.setNumInputDims(numInputDims)

    def _axis(self, input):
        dims = input.ndim if self.numInputDims is None else self.numInputDims
        axis = input.ndim - dims + self.pos - 1
        if input.ndim < dims or not 0 <= axis <= input.ndim:
            raise ShapeError(
                f'expected a place from 1 to {dims + 1} in an input of {dims} or more dimensions, '
                f'got {self.pos} in {input.shape}',
                where=self._name(),
            )
        self.numInputDims = dims
        return axis

    def updateOutput(self, input):
        self.expect(input)
        self.output = np.expand_dims(input, self._axis(input))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = gradOutput.reshape(input.shape)
        return self.gradInput

    def __repr__(self):
        return f'nn.Unsqueeze(dim {self.pos})'
