"""A table of arrays, joined along a dimension."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.Module import Module
from nnlite.tensor.dimensions import axis_of, narrow


class JoinTable(Module):
    """y = x_1, x_2, ... joined along a dimension.

    Args:
        dimension: counted from 1, or from -1 at the end.
        nInputDims: how many dimensions an input has without the batch's; inputs of one more are a batch, and the
            dimension is counted after it.

    Raises:
        ShapeError: the inputs differ in another dimension.

    Source: torch/nn, JoinTable.lua.
    """

    longStorages = ('size',)
    nInputDims = None

    def __init__(self, dimension, nInputDims=None):
        super().__init__()
        self.size = []
        self.dimension = dimension
        self.gradInput = []
        self.nInputDims = nInputDims

    def _axis(self, first):
        batch = self.nInputDims is not None and self.dimension > 0 and first.ndim == self.nInputDims + 1
        return axis_of(self.dimension + batch, first.ndim, self)

    def updateOutput(self, input):
        self.expect_table(input)
        for part in input:
            self.expect(part)
        axis = self._axis(input[0])
        rests = {part.shape[:axis] + part.shape[axis + 1 :] for part in input}
        if len(rests) > 1:
            shapes = ', '.join(str(part.shape) for part in input)
            raise ShapeError(f'expected inputs alike but for dimension {axis + 1}, got {shapes}', where=self._name())
        self.size = list(input[0].shape)
        self.size[axis] = sum(part.shape[axis] for part in input)
        self.output = self.buffer('output', self.size, like=input[0])
        for part, place in _places(input, axis):
            np.copyto(narrow(self.output, axis, place), part)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        axis, self.gradInput = self._axis(input[0]), []
        for number, (part, place) in enumerate(_places(input, axis)):
            grad = self.buffer(f'gradInput.{number}', part.shape, like=part)
            np.copyto(grad, narrow(gradOutput, axis, place))
            self.gradInput.append(grad)
        return self.gradInput


def _places(parts, axis):
    """Yield each part and the slice of the whole that it takes."""
    begin = 0
    for part in parts:
        yield part, slice(begin, begin + part.shape[axis])
        begin += part.shape[axis]
