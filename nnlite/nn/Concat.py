"""One input to every branch, the outputs joined along a dimension."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.Container import Container
from nnlite.nn.table import add_into, copy_into
from nnlite.tensor.dimensions import axis_of, narrow


class Concat(Container):
    """y = f_1(x), f_2(x), ... joined along a dimension, counted from 1: nn.Concat(2) joins the planes of (N, C, H, W).

    Raises:
        ShapeError: the outputs differ in another dimension.

    Source: torch/nn, Concat.lua.
    """

    longStorages = ('outputSize',)

    def __init__(self, dimension):
        super().__init__()
        self.dimension = dimension
        self.outputSize = []

    def updateOutput(self, input):
        outputs = [self.rethrowErrors(index, 'updateOutput', input) for index in range(len(self.modules))]
        axis = axis_of(self.dimension, outputs[0].ndim, self)
        shape = list(outputs[0].shape)
        for number, output in enumerate(outputs[1:], 2):
            if output.ndim != len(shape) or any(
                one != other
                for place, (one, other) in enumerate(zip(output.shape, shape, strict=True))
                if place != axis
            ):
                raise ShapeError(
                    f'expected outputs alike but for dimension {self.dimension}, got {outputs[0].shape} of module 1 '
                    f'and {output.shape} of module {number}',
                    where=self._name(),
                )
        shape[axis] = sum(output.shape[axis] for output in outputs)
        self.outputSize = shape
        self.output = self.buffer('output', shape, like=outputs[0])
        for output, place in self._parts(axis):
            np.copyto(narrow(self.output, axis, place), output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        return self._back(input, gradOutput, 'updateGradInput')

    def accGradParameters(self, input, gradOutput, scale=1):
        for index, grad in self._grads(gradOutput):
            self.rethrowErrors(index, 'accGradParameters', input, grad, scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        for index, grad in self._grads(gradOutput):
            self.rethrowErrors(index, 'accUpdateGradParameters', input, grad, lr)

    def backward(self, input, gradOutput, scale=1):
        return self._back(input, gradOutput, 'backward', scale)

    def _back(self, input, gradOutput, method, *scale):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = None
        for index, part in self._grads(gradOutput):
            grad = self.rethrowErrors(index, method, input, part, *scale)
            if grad is None:
                continue  # a first layer that nobody asks for it
            if self.gradInput is None:
                self.gradInput = copy_into(self, 'gradInput', grad)
            else:
                add_into(self.gradInput, grad)
        return self.gradInput

    def _parts(self, axis):
        """Yield each module's output and the slice of the whole that it takes."""
        begin = 0
        for module in self.modules:
            end = begin + module.output.shape[axis]
            yield module.output, slice(begin, end)
            begin = end

    def _grads(self, gradOutput):
        """Yield each module's place and its part of gradOutput."""
        axis = axis_of(self.dimension, gradOutput.ndim, self)
        for index, (_, place) in enumerate(self._parts(axis)):
            yield index, narrow(gradOutput, axis, place)
