"""The dot product of two vectors."""

import numpy as np

from nnlite.nn.rowpairs import RowPairs


class DotProduct(RowPairs):
    """y = a . b, for a table of two vectors, or of two batches of as many.

    Shapes: input [(N, D), (N, D)], output (N); or [(D), (D)] and (1).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.DotProduct().forward([np.float32([[1, 2], [3, 4]]), np.float32([[1, 1], [0, 2]])])
    array([3., 8.], dtype=float32)

    Raises:
        ShapeError: the two shapes differ.

    Source: torch/nn, DotProduct.lua.
    """

    foreign = ('buffer',)

    def _compare(self, a, b, output):
        self.kernels.DotProduct_updateOutput(a, b, output)

    def _spread(self, a, b, gradOutput, gradA, gradB):
        np.multiply(b, gradOutput, out=gradA)
        np.multiply(a, gradOutput, out=gradB)
