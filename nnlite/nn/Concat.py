"""One input to every branch, the outputs joined along a dimension."""

import numpy as np

from nnlite.nn.arguments import whole
from nnlite.nn.ConcatTable import ConcatTable
from nnlite.nn.Container import Container
from nnlite.nn.joined import joined_shape, windows
from nnlite.tensor.dimensions import axis_of


class Concat(ConcatTable):
    """y = f_1(x), f_2(x), ... joined along a dimension, counted from 1: nn.Concat(2) joins the planes of (N, C, H, W).

    Args:
        dimension: counted from 1.

    Shapes: input what every module takes; output theirs, as long along the dimension as all together.

    Raises:
        ShapeError: the outputs differ in another dimension.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net = nn.Concat(2).add(nn.Linear(4, 3)).add(nn.Linear(4, 2))
    >>> net.forward(np.zeros((8, 4), np.float32)).shape
    (8, 5)

    Source: torch/nn, Concat.lua.
    """

    longStorages = ('outputSize',)

    def __init__(self, dimension):
        Container.__init__(self)  # its results are arrays, not tables
        self.dimension = whole(self, 'dimension', dimension)
        self.outputSize = []

    def updateOutput(self, input):
        self._expect_modules()
        outputs = super().updateOutput(input)
        self.output = self._room(outputs, axis_of(self.dimension, outputs[0].ndim, self))
        self.outputSize = list(self.output.shape)
        for output, window in zip(outputs, self._windows(self.output), strict=True):
            np.copyto(window, output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        return super().updateGradInput(input, self._windows(gradOutput))

    def accGradParameters(self, input, gradOutput, scale=1):
        super().accGradParameters(input, self._windows(gradOutput), scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        super().accUpdateGradParameters(input, self._windows(gradOutput), lr)

    def backward(self, input, gradOutput, scale=1):
        return super().backward(input, self._windows(gradOutput), scale)

    def _room(self, outputs, axis):
        """Return the memory in which the outputs are joined."""
        return self.buffer('output', joined_shape(self, outputs, axis, 'outputs'), like=outputs[0])

    def _windows(self, whole):
        """Return each module's part of the output, or of its gradient."""
        self.expect(whole, tuple(self.outputSize), 'gradOutput')
        return windows(whole, [module.output for module in self.modules], axis_of(self.dimension, whole.ndim, self))
