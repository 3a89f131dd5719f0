"""A module that takes a batch, given inputs with more dimensions in front."""

import math

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.nn.arguments import whole
from nnlite.nn.Decorator import Decorator
from nnlite.nn.reshaped import reshaped
from nnlite.tensor.devices import is_array

MOST = 64  # NumPy's arrays have no more dimensions


class Bottle(Decorator):
    """y = f(x), the first dimensions of x taken for one, the batch's, and put back in y.

    Args:
        module: f.
        nInputDim: how many dimensions f takes, with the batch's; 2 by default. An input of no more is given as it is.
        nOutputDim: how many it gives; as many as it takes by default.

    Shapes: input (..., *sizes), where the sizes are nInputDim - 1 of them; output (..., *sizes), those that f gives.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Bottle(nn.Linear(10, 2)).forward(np.zeros((4, 5, 6, 10), np.float32)).shape
    (4, 5, 6, 2)

    Raises:
        Error: a number of dimensions that no array has.
        ShapeError: f gives another number of dimensions.

    Source: torch/nn, Bottle.lua.
    """

    foreign = ('inShape', 'outShape')

    def __init__(self, module, nInputDim=None, nOutputDim=None):
        super().__init__(module)
        self.nInputDim = 2 if nInputDim is None else nInputDim
        self.nOutputDim = self.nInputDim if nOutputDim is None else nOutputDim
        self._expect_dimensions()
        self.dimDelta = self.nInputDim - self.nOutputDim

    def _expect_dimensions(self):
        for name in ('nInputDim', 'nOutputDim'):
            count = whole(self, name, getattr(self, name), 1)
            if count > MOST:
                raise Error(f'expected {name} of at most {MOST}, which arrays can have, got {count}', where='Bottle')

    def updateOutput(self, input):
        output = super().updateOutput(self._fused(input))
        if self._is_bottled(input):
            if output.ndim != self.nOutputDim:
                raise ShapeError(f'expected output of {self.nOutputDim} dimensions, got {output.shape}', self._name())
            front = input.shape[: input.ndim - self.nInputDim]
            shape = (*front, len(output) // math.prod(front), *output.shape[1:])
            self.output = reshaped(self, 'output', output, shape)
        return self.output

    def updateGradInput(self, input, gradOutput):
        grad = super().updateGradInput(*self._both(input, gradOutput))
        if grad is not None:
            self.gradInput = reshaped(self, 'gradInput', grad, input.shape)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        super().accGradParameters(*self._both(input, gradOutput), scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        super().accUpdateGradParameters(*self._both(input, gradOutput), lr)

    def sharedAccUpdateGradParameters(self, input, gradOutput, lr):
        super().sharedAccUpdateGradParameters(*self._both(input, gradOutput), lr)

    def _is_bottled(self, input):
        return is_array(input) and input.ndim > self.nInputDim

    def _fused(self, input):
        """Return the input with its first dimensions in one, so that nInputDim are left."""
        if not self._is_bottled(input):
            return input
        rest = input.shape[input.ndim - self.nInputDim + 1 :]
        return reshaped(self, 'input', input, (-1, *rest))

    def _both(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        return self._fused(input), reshaped(self, 'gradOutput', gradOutput, self.modules[0].output.shape)

    def read(self, fields, version=1):
        super().read(fields, version)
        self._expect_dimensions()

    def write(self):
        room = {'inShape': np.zeros(self.nInputDim), 'outShape': np.zeros(self.nOutputDim)}  # where Torch puts sizes
        return {**super().write(), **room}
