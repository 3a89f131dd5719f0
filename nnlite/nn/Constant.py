"""The same output for every input."""

import numpy as np

from nnlite.nn.arguments import number, whole_or_none
from nnlite.nn.Module import Module
from nnlite.tensor.devices import is_array


class Constant(Module):
    """y = value, whatever the input.

    Args:
        value: an array, or a number, which becomes an array (1).
        nInputDim: how many dimensions an input has without the batch's; for one of more, the value comes once for each
            sample.

    Shapes: input any; output that of the value, or (N, *value).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Constant(np.float32([1, 2]), 1).forward(np.zeros((3, 5), np.float32))
    array([[1., 2.],
           [1., 2.],
           [1., 2.]], dtype=float32)

    Raises:
        Error: the value is neither an array nor a number.

    Source: torch/nn, Constant.lua.
    """

    nInputDim = None

    def __init__(self, value, nInputDim=None):
        super().__init__()
        self.value = value if is_array(value) else np.array([number(self, 'value', value)], self.dtype)
        self.nInputDim = whole_or_none(self, 'nInputDim', nInputDim, 1)

    def updateOutput(self, input):
        self.expect(input)
        batch = self.nInputDim is not None and input.ndim > self.nInputDim
        shape = (len(input), *self.value.shape) if batch else self.value.shape
        self.output = self.buffer('output', shape, like=input)
        np.copyto(self.output, self.value)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self.gradInput.fill(0)
        return self.gradInput
