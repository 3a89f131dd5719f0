"""The same elements in another shape."""

import math

from nnlite.errors import Error, ShapeError
from nnlite.nn.batched import Batched
from nnlite.nn.reshaped import reshaped
from nnlite.tensor.dimensions import sizes_of


class View(Batched):
    """y = x in the shape `size`, one of whose numbers may be -1: whatever is left over.

    Args:
        size: the sizes, one by one or in one list.

    An input of more elements than the size holds is a batch, whose first dimension is put in front. With
    setNumInputDims(n), an input of more than n dimensions is a batch, whatever it holds.

    Elements keep their logical order (the last dimension runs fastest); where memory lies otherwise, they are copied.

    Shapes: input any; output (*size) or (N, *size), of as many elements.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.View(-1).setNumInputDims(3).forward(np.zeros((2, 3, 4, 5), np.float32)).shape
    (2, 60)

    Raises:
        ShapeError: the input's elements do not fill whole views.

    Source: torch/nn, View.lua.
    """

    longStorages = ('size',)

    def __init__(self, *size):
        super().__init__()
        self.resetSize(*size)

    def resetSize(self, *size):
        """Choose another size; return the module."""
        size = sizes_of(size, self, least=-1)
        if size.count(-1) > 1:
            raise Error(f'expected -1 once at most, got {size}', where='View')
        self.size = size
        self.numElements = math.prod(number for number in size if number >= 0)
        return self

    def _shape(self, input):
        dims = input.ndim if self.numInputDims is None else min(self.numInputDims, input.ndim)
        elements = math.prod(input.shape[input.ndim - dims :])
        if self.numElements == 0 or elements % self.numElements:
            raise ShapeError(
                f'expected an input of some times {self.numElements} elements, got {input.shape}', self._name()
            )
        batch = (1 if -1 in self.size else elements // self.numElements) * math.prod(input.shape[: input.ndim - dims])
        if batch == 1 and (self.numInputDims is None or input.ndim <= self.numInputDims):
            return tuple(self.size)
        return (batch, *self.size)

    def updateOutput(self, input):
        self.expect(input)
        self.output = reshaped(self, 'output', input, self._shape(input))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = reshaped(self, 'gradInput', gradOutput, input.shape)
        return self.gradInput

    def __repr__(self):
        return f'nn.View({", ".join(map(str, self.size))})'
