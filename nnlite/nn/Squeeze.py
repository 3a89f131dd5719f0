"""Dimensions of size 1, taken out."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.tensor.dimensions import axis_of


class Squeeze(Module):
    """y = x without its dimensions of size 1: a view. At least one dimension stays.

    Args:
        dim: which one, counted from 1; all by default. One of another size stays.
        numInputDims: how many dimensions an input has without the batch's; inputs of one more are a batch, whose first
            dimension stays and is not counted.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Squeeze(None, 3).forward(np.zeros((1, 8, 1, 1), np.float32)).shape
    (1, 8)

    Raises:
        ShapeError: the input has no such dimension.

    Source: torch/nn, Squeeze.lua.
    """

    dim = numInputDims = None

    def __init__(self, dim=None, numInputDims=None):
        super().__init__()
        self.dim = dim
        self.setNumInputDims(numInputDims)

    def setNumInputDims(self, numInputDims):
        """Say how many dimensions an input has without the batch's; return the module."""
        self.numInputDims = numInputDims
        return self

    def _shape(self, input):
        shape, batch = input.shape, self.numInputDims is not None and input.ndim == self.numInputDims + 1
        if self.dim is not None:
            axis = axis_of(self.dim + batch, input.ndim, self)
            return shape[:axis] + shape[axis + 1 :] if shape[axis] == 1 and input.ndim > 1 else shape
        kept = tuple(size for size in shape if size != 1) or (1,)
        return (1, *kept) if batch and shape[0] == 1 else kept

    def updateOutput(self, input):
        self.expect(input)
        self.output = input.reshape(self._shape(input))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = gradOutput.reshape(input.shape)
        return self.gradInput
