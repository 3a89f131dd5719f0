"""The product of a matrix and a vector."""

import numpy as np

from nnlite.nn.Module import Module


class MV(Module):
    """y = M v, for a table of a matrix and a vector, or of a batch of as many of both.

    Args:
        trans: whether M is transposed first; False by default.

    Shapes: input [(N, m, k), (N, k)], or [(N, k, m), (N, k)] where M is transposed; output (N, m); or all without N.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.MV().forward([np.float32([[1, 2], [3, 4]]), np.float32([1, 10])])
    array([21., 43.], dtype=float32)

    Raises:
        ShapeError: the sizes of the matrix and the vector do not fit.

    Source: torch/nn, MV.lua.
    """

    trans = False

    def __init__(self, trans=None):
        super().__init__()
        self.trans = trans or False
        self.gradInput = []

    def updateOutput(self, input):
        self.expect_table(input, 2)
        self.expect(input[0], ('N', 'm', 'k'), 'input[0]', single=True)
        matrix, vector = input[0].mT if self.trans else input[0], input[1]
        self.expect(vector, (*matrix.shape[:-2], matrix.shape[-1]), 'input[1]')
        self.output = self.buffer('output', matrix.shape[:-1], like=vector)
        np.matmul(matrix, vector[..., None], out=self.output[..., None])
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        matrix, vector = input
        self.gradInput = [
            self.buffer('gradInput.0', matrix.shape, like=matrix, layout='plain'),
            self.buffer('gradInput.1', vector.shape, like=vector),
        ]
        grad = self.gradInput[0].mT if self.trans else self.gradInput[0]
        np.multiply(gradOutput[..., None], vector[..., None, :], out=grad)
        np.matmul(matrix if self.trans else matrix.mT, gradOutput[..., None], out=self.gradInput[1][..., None])
        return self.gradInput

    def write(self):
        return {**super().write(), 'gradInput': [np.empty(0, self.dtype), np.empty(0, self.dtype)]}  # for Torch to fill
