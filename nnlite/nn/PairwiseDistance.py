"""The distance of two vectors."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.arguments import number
from nnlite.nn.rowpairs import RowPairs
from nnlite.tensor.random import fill_random


class PairwiseDistance(RowPairs):
    """y = (sum of |a - b|^p)^(1 / p), for a table of two vectors, or of two batches of as many.

    As in Torch, the gradient is that of y + 1e-6, which is never 0; with p = 1, the gradient of |0| is 1 or -1 at
    random; and with p between 1 and 2, the gradient is that of p = 2 but for the power of y.

    Args:
        p: which distance, 2 by default.

    Shapes: input [(N, D), (N, D)], output (N); or [(D), (D)] and (1).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.PairwiseDistance(1).forward([np.float32([[1, 2], [3, 4]]), np.float32([[1, 1], [0, 2]])])
    array([1., 5.], dtype=float32)

    Raises:
        Error: p is not above 0.
        ShapeError: the two shapes differ.

    Source: torch/nn, PairwiseDistance.lua.
    """

    foreign = ('diff', 'outExpand', 'grad', 'ones')

    def __init__(self, p=None):
        super().__init__()
        self.norm = number(self, 'p', p, 2)
        if not self.norm > 0:
            raise Error(f'expected a norm p above 0, got {p}', where='PairwiseDistance')

    def _compare(self, a, b, output):
        powers = self.buffer('powers', a.shape, like=a)
        np.subtract(a, b, out=powers)
        self._to_power(powers, self.norm)
        self.kernels.Sum_updateOutput(powers, output)
        np.power(output, 1 / self.norm, out=output)

    def _spread(self, a, b, gradOutput, gradA, gradB):
        np.subtract(a, b, out=gradA)
        if self.norm == 1:
            ties = gradA == 0
            np.sign(gradA, out=gradA)
            gradA[ties] = 2 * fill_random(self.xp.empty(int(np.count_nonzero(ties))), 2) - 3
        else:
            if self.norm > 2:
                powers = self.buffer('powers', a.shape, like=a)
                np.copyto(powers, gradA)
                np.multiply(gradA, self._to_power(powers, self.norm - 2), out=gradA)
            np.multiply(gradA, (self.output[:, None] + 1e-6) ** (1 - self.norm), out=gradA)
        np.multiply(gradA, gradOutput, out=gradA)
        np.negative(gradA, out=gradB)

    @staticmethod
    def _to_power(differences, power):
        return np.power(np.abs(differences, out=differences), power, out=differences)
