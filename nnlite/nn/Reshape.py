"""The same elements in another shape, the batch told apart by a rule."""

import math

from nnlite.errors import ShapeError
from nnlite.nn.Module import Module
from nnlite.nn.reshaped import reshaped
from nnlite.tensor.dimensions import sizes_of


class Reshape(Module):
    """y = x in the shape `size`, or (N, *size) for a batch.

    Args:
        size: the sizes, then optionally batchMode: True, the first dimension is a batch's; False, it is not; None, it
            is unless the input has just as many elements as the size and its first dimension is not 1.

    Shapes: input of as many elements as the size, output (*size); or a batch of these, (N, ...), output (N, *size).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Reshape(4, 3).forward(np.zeros((5, 12), np.float32)).shape
    (5, 4, 3)

    Raises:
        ShapeError: the numbers of elements differ.

    Source: torch/nn, Reshape.lua.
    """

    foreign = ('_input', '_gradOutput')
    longStorages = ('size', 'batchsize')
    batchMode = None

    def __init__(self, *size):
        super().__init__()
        if size and (isinstance(size[-1], bool) or size[-1] is None):
            *size, self.batchMode = size
        self.size = sizes_of(size, self)
        self.nelement = math.prod(self.size)
        self.batchsize = [0, *self.size]

    def updateOutput(self, input):
        self.expect(input)
        whole = input.size == self.nelement and input.shape[0] != 1 if self.batchMode is None else not self.batchMode
        if not whole:
            self.batchsize[0] = input.shape[0]
        shape = self.size if whole else self.batchsize
        if math.prod(shape) != input.size:
            raise ShapeError(
                f'expected an input of the elements of {tuple(shape)}, got {input.shape}', where=self._name()
            )
        self.output = reshaped(self, 'output', input, tuple(shape))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = reshaped(self, 'gradInput', gradOutput, input.shape)
        return self.gradInput

    def __repr__(self):
        return f'nn.Reshape({"x".join(map(str, self.size))})'
