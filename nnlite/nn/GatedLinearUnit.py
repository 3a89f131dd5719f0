"""One half of the input lets the other through."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.Module import Module
from nnlite.tensor.dimensions import axis_of, narrow


class GatedLinearUnit(Module):
    """y = a / (1 + exp(-b)), where a and b are the first and the second half of the input along a dimension.

    Args:
        dim: the dimension, counted from 1; the last by default.

    Shapes: input any, of an even size along dim; output the same, half as large along it.

    Raises:
        ShapeError: the dimension's size is odd.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.GatedLinearUnit().forward(np.float32([4, 6, 0, 100]))
    array([2., 6.], dtype=float32)

    Source: torch/nn, GatedLinearUnit.lua; Dauphin et al., "Language modeling with gated convolutional networks", 2016.
    """

    dim = None

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def _halves(self, array):
        axis = axis_of(-1 if self.dim is None else self.dim, array.ndim, self)
        half, odd = divmod(array.shape[axis], 2)
        if odd:
            raise ShapeError(f'expected an even size of dimension {axis + 1}, got {array.shape}', where=self._name())
        return narrow(array, axis, slice(half)), narrow(array, axis, slice(half, None))

    def updateOutput(self, input):
        self.expect(input)
        values, gates = self._halves(input)
        self.output = self.buffer('output', values.shape, like=input)
        self.kernels.Sigmoid_updateOutput(gates, self.output)
        np.multiply(self.output, values, out=self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        (values, gates), (gradValues, gradGates) = self._halves(input), self._halves(self.gradInput)
        self.kernels.Sigmoid_updateOutput(gates, gradValues)
        self.kernels.Sigmoid_updateGradInput(gradValues, gradOutput, gradGates)
        np.multiply(gradGates, values, out=gradGates)
        np.multiply(gradValues, gradOutput, out=gradValues)
        return self.gradInput
