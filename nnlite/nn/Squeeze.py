"""Dimensions of size 1, taken out."""

from nnlite.nn.batched import Batched
from nnlite.tensor.dimensions import axis_of


class Squeeze(Batched):
    """y = x without its dimensions of size 1: a view. At least one dimension stays.

    Args:
        dim: which one, counted from 1; all by default. One of another size stays.
        numInputDims: how many dimensions an input has without the batch's; inputs of one more are a batch, whose first
            dimension stays and is not counted.

    Shapes: input any; output without dimensions of size 1, (1) at the least.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Squeeze(None, 3).forward(np.zeros((1, 8, 1, 1), np.float32)).shape
    (1, 8)

    Raises:
        ShapeError: the input has no such dimension.

    Source: torch/nn, Squeeze.lua.
    """

    dim = None

    def __init__(self, dim=None, numInputDims=None):
        super().__init__()
        self.dim = dim
        self.setNumInputDims(numInputDims)

    def _shape(self, input):
        shape = input.shape
        if self.dim is not None:
            axis = axis_of(self.dim, input.ndim, self, self.numInputDims)
            return shape[:axis] + shape[axis + 1 :] if shape[axis] == 1 and input.ndim > 1 else shape
        kept = tuple(size for size in shape if size != 1) or (1,)
        batch_of_one = self.numInputDims is not None and input.ndim == self.numInputDims + 1 and shape[0] == 1
        return (1, *kept) if batch_of_one else kept

    def updateOutput(self, input):
        self.expect(input)
        self.output = input.reshape(self._shape(input))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = gradOutput.reshape(input.shape)
        return self.gradInput
