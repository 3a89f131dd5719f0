"""The same array again and again, along a new dimension."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.arguments import whole, whole_or_none
from nnlite.nn.Module import Module


class Replicate(Module):
    """y = x, `nf` times along a new dimension.

    Args:
        nf: how many times.
        dim: the place of the new dimension, counted from 1; 1 by default.
        ndim: how many dimensions an input has without the batch's; in inputs of more, the first one is not counted.

    Shapes: input any; output with a dimension of size nf more.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Replicate(2).forward(np.float32([1, 2, 3]))
    array([[1., 2., 3.],
           [1., 2., 3.]], dtype=float32)

    Raises:
        ShapeError: the input has no such place.

    Source: torch/nn, Replicate.lua.
    """

    dim = 1
    ndim = None

    def __init__(self, nf, dim=None, ndim=None):
        super().__init__()
        self.nfeatures = whole(self, 'nf', nf, 1)
        self.dim = 1 if dim is None else whole(self, 'dim', dim, 1)
        self.ndim = whole_or_none(self, 'ndim', ndim, 1)

    def _axis(self, input):
        axis = self.dim - 1 + (self.ndim is not None and input.ndim > self.ndim)
        if axis > input.ndim:
            raise ShapeError(f'expected an input of {axis} or more dimensions, got {input.shape}', where=self._name())
        return axis

    def updateOutput(self, input):
        self.expect(input)
        axis = self._axis(input)
        shape = (*input.shape[:axis], self.nfeatures, *input.shape[axis:])
        self.output = self.buffer('output', shape, like=input)
        np.copyto(self.output, np.expand_dims(input, axis))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        axis = self._axis(input)
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self.kernels.Sum_updateOutput(gradOutput, np.expand_dims(self.gradInput, axis))
        return self.gradInput
