"""A table of arrays, joined along a dimension."""

import numpy as np

from nnlite.nn.joined import join, windows
from nnlite.nn.Module import Module
from nnlite.tensor.dimensions import axis_of


class JoinTable(Module):
    """y = x_1, x_2, ... joined along a dimension.

    Args:
        dimension: counted from 1, or from -1 at the end.
        nInputDims: how many dimensions an input has without the batch's; inputs of one more are a batch, and the
            dimension is counted after it.

    Shapes: input a table of arrays that differ along the dimension only; output as long along it as all together.

    Raises:
        ShapeError: the inputs differ in another dimension.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.JoinTable(2).forward([np.zeros((4, 3), np.float32), np.zeros((4, 2), np.float32)]).shape
    (4, 5)

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
        return axis_of(self.dimension, first.ndim, self, self.nInputDims)

    def updateOutput(self, input):
        self.expect_table(input)
        for part in input:
            self.expect(part)
        axis = self._axis(input[0])
        self.output = join(self, input, axis, 'inputs')
        self.size = list(self.output.shape)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = []
        for number, window in enumerate(windows(gradOutput, input, self._axis(input[0]))):
            grad = self.buffer(f'gradInput.{number}', window.shape, like=input[number])
            np.copyto(grad, window)
            self.gradInput.append(grad)
        return self.gradInput
