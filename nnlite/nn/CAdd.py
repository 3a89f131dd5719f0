"""A bias of any shape."""

import numpy as np

from nnlite.nn.spread import SpreadBias
from nnlite.tensor.dimensions import sizes_of


class CAdd(SpreadBias):
    """y = x + bias, element by element.

    Args:
        size: the sizes of the bias, one by one or in one list.

    Shapes: input of as many elements as the bias, (N, ...) where all but N are as many, or of as many dimensions, where
    the bias is repeated along those in which its size is 1; output as the input. Bias drawn from the uniform
    distribution over +-1 / sqrt(its elements).

    Raises:
        ShapeError: the input is none of these.

    Source: torch/nn, CAdd.lua.
    """

    longStorages = ('size',)
    foreign = ('_gradBias', '_gradOutput', '_expand', '_output', '_bias', '_repeat')

    def __init__(self, *size):
        super().__init__()
        self.size = sizes_of(size, self)
        self.bias = np.empty(self.size, self.dtype)
        self.gradBias = np.zeros_like(self.bias)
        self.reset()
