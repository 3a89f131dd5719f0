"""Side by side: each slice of the input to a module of its own, the outputs joined."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.arguments import whole_or_none
from nnlite.nn.Container import Container
from nnlite.nn.joined import join, windows
from nnlite.nn.ParallelTable import ParallelTable
from nnlite.tensor.dimensions import axis_of, slices


class Parallel(ParallelTable):
    """y = f_1(x_1), f_2(x_2), ... joined along outputDimension, where x_i is the i-th slice of x along inputDimension.

    Dimensions count from 1; the output's are those of a module's output, which lacks the input's dimension. Without
    dimensions, as in Torch, it can be looked at, but not run.

    Args:
        inputDimension: the dimension of x that is sliced, from 1, or from -1 at the end.
        outputDimension: the one of a module's output along which all are joined.

    Shapes: input any; output as its modules give them, as long along outputDimension as all together.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net = nn.Parallel(2, 1).add(nn.Linear(10, 3)).add(nn.Linear(10, 2))
    >>> net.forward(np.ones((10, 2), np.float32)).shape
    (5,)

    Raises:
        ShapeError: there are more slices than modules, or the outputs differ in another dimension.

    Source: torch/nn, Parallel.lua.
    """

    foreign = ('totalOutputSize',)

    def __init__(self, inputDimension=None, outputDimension=None):
        Container.__init__(self)  # its results are arrays, not tables
        self.inputDimension = whole_or_none(self, 'inputDimension', inputDimension)
        self.outputDimension = whole_or_none(self, 'outputDimension', outputDimension)

    def updateOutput(self, input):
        parts = self._slices(input)
        if len(parts) > len(self.modules):
            raise ShapeError(
                f'expected input of at most {len(self.modules)}, one for each module, in dimension '
                f'{self.inputDimension}, got {input.shape}',
                where=self._name(),
            )
        outputs = self._each('updateOutput', parts)
        self.output = join(self, outputs, axis_of(self.outputDimension, outputs[0].ndim, self), 'outputs')
        return self.output

    def updateGradInput(self, input, gradOutput):
        return self._back('updateGradInput', input, gradOutput)

    def accGradParameters(self, input, gradOutput, scale=1):
        super().accGradParameters(self._slices(input), self._windows(input, gradOutput), scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        super().accUpdateGradParameters(self._slices(input), self._windows(input, gradOutput), lr)

    def backward(self, input, gradOutput, scale=1):
        return self._back('backward', input, gradOutput, scale)

    def _back(self, method, input, gradOutput, scale=None):
        grads = self._each(method, self._slices(input), self._windows(input, gradOutput), scale)
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        for grad, place in zip(grads, self._slices(self.gradInput), strict=True):
            np.copyto(place, grad)
        return self.gradInput

    def _slices(self, whole):
        self.expect(whole)
        return slices(whole, axis_of(self.inputDimension, whole.ndim, self))

    def _windows(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        outputs = [module.output for module in self.modules[: len(self._slices(input))]]
        return windows(gradOutput, outputs, axis_of(self.outputDimension, gradOutput.ndim, self))
