"""The cosine of the angle between two vectors."""

import numpy as np

from nnlite.nn.rowpairs import RowPairs


class CosineDistance(RowPairs):
    """y = a . b / (|a| |b|), for a table of two vectors, or of two batches of as many: 1 where they point the same way.

    Shapes: input [(N, D), (N, D)], output (N); or [(D), (D)] and (1).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.CosineDistance().forward([np.float32([[3, 4], [0, 2]]), np.float32([[6, 8], [2, 0]])])
    array([1., 0.], dtype=float32)

    Raises:
        ShapeError: the two shapes differ.

    Source: torch/nn, CosineDistance.lua.
    """

    foreign = ('buffer', 'w1', 'w22', 'w', 'w32', 'ones', '_input1', '_input2')

    def _products(self, a, b):
        """Return a . b, a . a and b . b, the last two a little larger, so that none is 0."""
        products = []
        for name, one, other in (('ab', a, b), ('aa', a, a), ('bb', b, b)):
            product = self.buffer(name, (len(a), 1), like=a)
            self.kernels.DotProduct_updateOutput(one, other, product)
            products.append(product)
        for square in products[1:]:
            np.add(square, 1e-12, out=square)
        return products

    def _compare(self, a, b, output):
        ab, aa, bb = self._products(a, b)
        np.divide(ab, np.sqrt(aa * bb), out=output)

    def _spread(self, a, b, gradOutput, gradA, gradB):
        ab, aa, bb = self._products(a, b)
        share = gradOutput / np.sqrt(aa * bb)
        for one, other, square, grad in ((a, b, aa, gradA), (b, a, bb, gradB)):
            np.multiply(one, ab / square, out=grad)
            np.subtract(other, grad, out=grad)
            np.multiply(grad, share, out=grad)
