"""Classes as vectors."""

import numpy as np

from nnlite.nn.arguments import whole
from nnlite.nn.indices import from_zero
from nnlite.nn.Module import Module
from nnlite.nn.table import zeros_like
from nnlite.tensor.devices import is_array


class OneHot(Module):
    """y[..., j] = 1 where x[...] = j, else 0.

    Args:
        outputSize: the number of classes.

    Shapes: input of any shape and numeric type, or one number: classes counted from 1; output (*input, outputSize). The
    gradient of the input is zero.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.OneHot(3).forward(np.array([3, 1]))
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)

    Raises:
        DtypeError: the classes are no numbers.
        DataError: a class that is not one of 1 to outputSize.

    Source: torch/nn, OneHot.lua.
    """

    foreign = ('_single', '_input')

    def __init__(self, outputSize):
        super().__init__()
        self.outputSize = whole(self, 'outputSize', outputSize, 1)

    def updateOutput(self, input):
        classes = from_zero(self, input if is_array(input) else np.asarray(input), self.outputSize)
        self.output = self.buffer('output', (*classes.shape, self.outputSize), like=classes, layout='plain')
        np.equal(classes[..., None], self.xp.arange(self.outputSize), out=self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if not is_array(input):
            return 0
        self.gradInput = zeros_like(self, 'gradInput', input)
        return self.gradInput
