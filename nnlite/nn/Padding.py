"""Padding along one dimension."""

from nnlite.errors import ShapeError
from nnlite.nn.arguments import number, whole, whole_or_none
from nnlite.nn.Module import Module
from nnlite.tensor.dimensions import axis_of, narrow


class Padding(Module):
    """Put |pad| elements of `value` into one dimension.

    Args:
        dim: the dimension, counted from 1.
        pad: how many; below zero they go in front of element `index` counted from the front, above zero behind
            element `index` counted from the end.
        nInputDim: how many dimensions an input has without the batch's; for inputs of another number, dim is the
            one after it.
        value: what the new elements hold, 0 by default.
        index: where, 1 by default: at the very front, or the very end.

    Shapes: input any; output the same, |pad| longer along the dimension.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Padding(1, -2).forward(np.float32([7, 8]))
    array([0., 0., 7., 8.], dtype=float32)

    Source: torch/nn, Padding.lua.
    """

    longStorages = ('outputSize',)
    nInputDim = None

    def __init__(self, dim, pad, nInputDim=None, value=None, index=None):
        super().__init__()
        self.value = number(self, 'value', value, 0)
        self.index = 1 if index is None else whole(self, 'index', index)
        self.dim = whole(self, 'dim', dim)
        self.pad = whole(self, 'pad', pad)
        self.nInputDim = whole_or_none(self, 'nInputDim', nInputDim, 1)
        self.outputSize = []

    def _place(self, input):
        """Return the axis and four slices of it.

        Of the input: what stands in front of the new elements, and behind. Of the output: the new, what stood behind.
        """
        batch = self.nInputDim is not None and input.ndim != self.nInputDim
        axis = axis_of(self.dim + batch, input.ndim, self)
        size = input.shape[axis]
        front = size - self.index + 1 if self.pad > 0 else self.index - 1
        if not 0 <= front <= size:
            raise ShapeError(f'expected index from 1 to {size + 1}, got {self.index}', where=self._name())
        end = front + abs(self.pad)
        return axis, slice(front), slice(front, None), slice(front, end), slice(end, None)

    def updateOutput(self, input):
        self.expect(input)
        axis, front, behind, new, moved = self._place(input)
        self.outputSize = list(input.shape)
        self.outputSize[axis] += abs(self.pad)
        self.output = self.buffer('output', self.outputSize, like=input)
        self._copy(input, front, self.output, front, axis)
        self.kernels.Fill_updateOutput(narrow(self.output, axis, new), self.value)
        self._copy(input, behind, self.output, moved, axis)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        axis, front, behind, _, moved = self._place(input)
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self._copy(gradOutput, front, self.gradInput, front, axis)
        self._copy(gradOutput, moved, self.gradInput, behind, axis)
        return self.gradInput

    def _copy(self, source, place, target, to, axis):
        """Copy what one array has at a slice of an axis to a slice of another array's."""
        self.kernels.Copy_updateOutput(narrow(source, axis, place), narrow(target, axis, to))
