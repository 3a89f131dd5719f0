"""A bias."""

import numpy as np

from nnlite.nn.spread import SpreadBias
from nnlite.tensor.dimensions import sizes_of


class Add(SpreadBias):
    """y = x + bias, one for each element of a sample, or one for all.

    Args:
        inputSize: how many elements a sample has.
        scalar: whether one number is added to all of them.

    Shapes: input (N, ...) of inputSize elements a sample, or (inputSize); any if scalar. Bias (inputSize) or (1), drawn
    from the uniform distribution over +-1 / sqrt(its elements).

    Raises:
        ShapeError: the samples have other sizes.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer = nn.Add(2)
    >>> layer.bias[:] = [10, 20]
    >>> layer.forward(np.float32([[1, 2], [3, 4]]))
    array([[11., 22.],
           [13., 24.]], dtype=float32)

    Source: torch/nn, Add.lua.
    """

    foreign = ('_ones',)
    scalar = None

    def __init__(self, inputSize, scalar=None):
        super().__init__()
        self.scalar = scalar
        size = sizes_of([1 if inputSize is None and self._is_scalar() else inputSize], self)
        self.bias = np.empty(1 if self._is_scalar() else size, self.dtype)
        self.gradBias = np.zeros_like(self.bias)
        self.reset()

    def _is_scalar(self):
        return self.scalar is not None and self.scalar is not False  # any number is true in Lua

    def _shape_along(self, parameter, input):
        if self._is_scalar():
            return (1,) * input.ndim
        return input.shape if input.ndim == 1 else (1, *input.shape[1:])

    def write(self):
        return {**super().write(), '_ones': np.ones(1, self.dtype)}
