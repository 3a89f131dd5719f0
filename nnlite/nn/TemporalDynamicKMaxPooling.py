"""The k largest frames of a sequence, in their order."""

import math

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.nn.arguments import number, whole
from nnlite.nn.Module import Module
from nnlite.tensor.dimensions import narrow


class TemporalDynamicKMaxPooling(Module):
    """y = the k largest inputs of each feature, in the order in which they come; k grows with the sequence.

    Args:
        minK: the least k.
        factor: what k is to the sequence's length, 0 by default: k = max(minK, ceil(factor T)).

    `indices` tells in which frame, from 1, each of them stood.

    Shapes: input (N, T, F) or (T, F); output (N, k, F) or without N.

    Raises:
        ShapeError: the sequence has less than k frames.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.TemporalDynamicKMaxPooling(2).forward(np.float32([[1], [4], [3]]))
    array([[4.],
           [3.]], dtype=float32)

    Source: torch/nn, TemporalDynamicKMaxPooling.lua; Kalchbrenner and others, 2014.
    """

    cleared = (*Module.cleared, 'indices')

    def __init__(self, minK, factor=None):
        super().__init__()
        self.minK = whole(self, 'minK', minK, 1)
        self.factor = number(self, 'factor', factor, 0)
        if not math.isfinite(self.factor):
            raise Error(f'expected a finite factor, got {factor}', where='TemporalDynamicKMaxPooling')
        self.indices = np.empty(0, np.int64)

    def updateOutput(self, input):
        self.expect(input, ('N', 'T', 'F'), single=True)
        axis = input.ndim - 2
        count = max(self.minK, math.ceil(self.factor * input.shape[axis]))
        if count > input.shape[axis]:
            raise ShapeError(f'expected at least {count} frames, got {input.shape[axis]}', where=self._name())
        shape = *input.shape[:axis], count, input.shape[-1]
        self.indices = self.buffer('indices', shape, like=input, layout='plain', dtype=np.int64)
        self.output = self.buffer('output', shape, like=input, layout='plain')
        order = np.argsort(-input, axis, kind='stable')  # NumPy sorts into new memory only
        largest = np.sort(narrow(order, axis, slice(count)), axis)
        np.add(largest, 1, out=self.indices)
        np.copyto(self.output, np.take_along_axis(input, largest, axis))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if self.gradInput is not None:
            self.gradInput = self.buffer('gradInput', input.shape, like=input, layout='plain')
            self.gradInput.fill(0)
            np.put_along_axis(self.gradInput, self.indices - 1, gradOutput, input.ndim - 2)
        return self.gradInput
