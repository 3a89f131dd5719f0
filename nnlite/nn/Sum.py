"""The sum along a dimension."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.reduction import Reduction, along


class Sum(Reduction):
    """y = the sum, or the mean, of each row of x along a dimension.

    Args:
        dimension: counted from 1, or from -1 at the end; 1 by default.
        nInputDims: how many dimensions an input has without the batch's; inputs of one more are a batch, and the
            dimension is counted after it.
        sizeAverage: whether to divide by the number of elements; False by default.
        squeeze: whether y is without the dimension (of a vector, it is (1) all the same); True by default.

    Shapes: the input's without the dimension, or with it of size 1 where squeeze is False; (1) for an input of one
    dimension.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Sum(2).forward(np.float32([[1, 2, 3], [4, 5, 6]]))
    array([ 6., 15.], dtype=float32)

    Raises:
        ShapeError: the input has no such dimension.

    Source: torch/nn, Sum.lua.
    """

    foreign = ('_gradOutput',)
    sizeAverage = False
    squeeze = True

    def __init__(self, dimension=None, nInputDims=None, sizeAverage=None, squeeze=None):
        super().__init__(dimension, nInputDims)
        if not isinstance(squeeze, bool | None):
            raise Error(f'expected squeeze to be True or False, got {squeeze!r}', where=type(self).__name__)
        self.sizeAverage = sizeAverage or False
        self.squeeze = squeeze is not False

    def updateOutput(self, input):
        self.expect(input)
        axis = self._axis(input)
        self.output = self._reduced('output', input, axis)
        sums = along(axis, self.output, input)
        self.kernels.Sum_updateOutput(input, sums)
        if self.sizeAverage:
            np.divide(sums, input.shape[axis], out=sums)
        if not self.squeeze:
            self.output = sums
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        axis = self._axis(input)
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        np.copyto(self.gradInput, along(axis, gradOutput, input))
        if self.sizeAverage:
            np.divide(self.gradInput, input.shape[axis], out=self.gradInput)
        return self.gradInput
