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

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer = nn.CAdd(1, 3, 1, 1)
    >>> layer.bias[:] = np.arange(3).reshape(1, 3, 1, 1)
    >>> layer.forward(np.zeros((8, 3, 5, 5), np.float32))[7, :, 4, 4]
    array([0., 1., 2.], dtype=float32)

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
