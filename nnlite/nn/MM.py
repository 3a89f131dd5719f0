"""The product of two matrices."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.Module import Module


class MM(Module):
    """Y = A B, for a table of two matrices, or of two batches of as many.

    Args:
        transA: whether A is transposed first; False by default.
        transB: whether B is; False by default.

    Shapes: input [(N, m, k), (N, k, n)], each matrix the other way round where it is transposed; output (N, m, n); or
    all without N.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.MM(False, True).forward([np.ones((8, 2, 3), np.float32), np.ones((8, 4, 3), np.float32)]).shape
    (8, 2, 4)

    Raises:
        ShapeError: the sizes of the matrices do not fit.

    Source: torch/nn, MM.lua.
    """

    transA = transB = False

    def __init__(self, transA=None, transB=None):
        super().__init__()
        self.transA = transA or False
        self.transB = transB or False
        self.gradInput = []

    def _factors(self, input):
        """Return the matrices as they are multiplied."""
        a, b = input
        return a.mT if self.transA else a, b.mT if self.transB else b

    def updateOutput(self, input):
        self.expect_table(input, 2)
        self.expect(input[0], ('N', 'A', 'B'), 'input[0]', single=True)
        self.expect(input[1], ('N', 'C', 'D')[-input[0].ndim :], 'input[1]')
        a, b = self._factors(input)
        if a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
            raise ShapeError(f'expected matrices that can be multiplied, got {a.shape} and {b.shape}', self._name())
        self.output = self.buffer('output', (*a.shape[:-1], b.shape[-1]), like=a, layout='plain')
        np.matmul(a, b, out=self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        a, b = self._factors(input)
        grads = [self.buffer(f'gradInput.{number}', part.shape, part, 'plain') for number, part in enumerate(input)]
        # Where a matrix was transposed, the transposed product is its gradient: (G B^T)^T = B G^T.
        np.matmul(*(b, gradOutput.mT) if self.transA else (gradOutput, b.mT), out=grads[0])
        np.matmul(*(gradOutput.mT, a) if self.transB else (a.mT, gradOutput), out=grads[1])
        self.gradInput = grads
        return self.gradInput
