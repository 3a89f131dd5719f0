"""Sums along dimensions, added up in double as Torch's are."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.kernels.on_numpy.sums import sum_to


def Sum_updateOutput(input, output):
    """Output = the sum of the input over the axes along which the output, of as many axes, has size 1."""
    np.copyto(output, sum_to(input, output.shape), casting='same_kind')


def DotProduct_updateOutput(input1, input2, output):
    """Output (N, 1) = the product of each row of one input (N, D) with that of the other."""
    products = scratch('products', input1.shape, input1.dtype)
    np.multiply(input1, input2, out=products)
    Sum_updateOutput(products, output)
