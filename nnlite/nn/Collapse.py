"""All dimensions but the batch's, made one."""

from nnlite.nn.arguments import whole
from nnlite.nn.Module import Module
from nnlite.nn.reshaped import reshaped


class Collapse(Module):
    """y = x as (N, rest), or as one row where the input has no more than nInputDim dimensions.

    Args:
        nInputDim: how many dimensions an input has without the batch's.

    Shapes: input (N, ...), of more than nInputDim dimensions, output (N, D) of as many elements; without N, (1, D).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Collapse(3).forward(np.zeros((8, 3, 5, 6), np.float32)).shape
    (8, 90)

    Source: torch/nn, Collapse.lua.
    """

    foreign = ('_input',)

    def __init__(self, nInputDim):
        super().__init__()
        self.nInputDim = whole(self, 'nInputDim', nInputDim, 1)

    def updateOutput(self, input):
        self.expect(input)
        batch = input.shape[:1] if input.ndim > self.nInputDim else ()
        self.output = reshaped(self, 'output', input, (*batch, -1))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = reshaped(self, 'gradInput', gradOutput, input.shape)
        return self.gradInput
