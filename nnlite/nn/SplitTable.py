"""An array, split into a table."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.nn.table import expect_like
from nnlite.tensor.dimensions import axis_of, slices


class SplitTable(Module):
    """y = [x_1, x_2, ...]: the slices of x along a dimension, which they lack, as views of x.

    Args:
        dimension: counted from 1, or from -1 at the end.
        nInputDims: how many dimensions an input has without the batch's; one of one more is a batch, and the dimension
            is counted after it.

    Shapes: input any; output a table of as many arrays as the dimension is long, each without it.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> [part.shape for part in nn.SplitTable(2).forward(np.zeros((4, 3), np.float32))]
    [(4,), (4,), (4,)]

    Source: torch/nn, SplitTable.lua.
    """

    nInputDims = None

    def __init__(self, dimension, nInputDims=None):
        super().__init__()
        self.dimension = dimension
        self.nInputDims = nInputDims

    def _slices(self, array):
        return slices(array, axis_of(self.dimension, array.ndim, self, self.nInputDims))

    def updateOutput(self, input):
        self.expect(input)
        self.output = self._slices(input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        expect_like(self, gradOutput, self.output, 'gradOutput')
        if self.gradInput is not None:
            self.gradInput = self.buffer('gradInput', input.shape, like=input)
            for place, grad in zip(self._slices(self.gradInput), gradOutput, strict=True):
                np.copyto(place, grad)
        return self.gradInput
