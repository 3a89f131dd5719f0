"""Sums along a dimension, added up in double as Torch's are."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch


def Sum_updateOutput(input, output, axis):
    """Output = the sum of the input along an axis, of which the output has size 1."""
    total = scratch('sum', output.shape, np.float64)
    np.add.reduce(input, axis, dtype=np.float64, keepdims=True, out=total)
    np.copyto(output, total, casting='same_kind')


def DotProduct_updateOutput(input1, input2, output):
    """Output (N, 1) = the product of each row of one input (N, D) with that of the other."""
    products = scratch('products', input1.shape, input1.dtype)
    np.multiply(input1, input2, out=products)
    Sum_updateOutput(products, output, 1)
