"""The mean along a dimension."""

from nnlite.nn.Sum import Sum


class Mean(Sum):
    """y = the mean of each row of x along a dimension: nn.Sum(dimension, nInputDims, True).

    Args:
        dimension: counted from 1, or from -1 at the end; 1 by default.
        nInputDims: how many dimensions an input has without the batch's; inputs of one more are a batch, and the
            dimension is counted after it.

    Shapes: the input's without the dimension; (1) for an input of one dimension.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Mean(1).forward(np.float32([[1, 2, 3], [5, 6, 7]]))
    array([3., 4., 5.], dtype=float32)

    Source: torch/nn, Mean.lua.
    """

    sizeAverage = True

    def __init__(self, dimension=None, nInputDims=None):
        super().__init__(dimension, nInputDims, True)
