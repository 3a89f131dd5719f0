"""The same numbers in plain C order."""

import numpy as np

from nnlite.nn.Module import Module


class Contiguous(Module):
    """y = x, in memory where the last dimension runs fastest: the input itself, or a copy if it lies otherwise.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> x = np.zeros((2, 3), np.float32)
    >>> nn.Contiguous().forward(x) is x
    True
    >>> nn.Contiguous().forward(x.T).flags['C_CONTIGUOUS']
    True

    Source: torch/nn, Contiguous.lua.
    """

    def _contiguous(self, name, array):
        if array.flags.c_contiguous:
            return array
        copy = self.buffer(name, array.shape, like=array, layout='plain')
        np.copyto(copy, array)
        return copy

    def updateOutput(self, input):
        self.expect(input)
        self.output = self._contiguous('output', input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = self._contiguous('gradInput', gradOutput)
        return self.gradInput
