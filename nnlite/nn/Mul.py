"""One weight."""

import numpy as np

from nnlite.nn.spread import SpreadWeight


class Mul(SpreadWeight):
    """y = weight x, with one number as weight for all elements; it is drawn uniformly from -1 to 1.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer = nn.Mul()
    >>> layer.weight[:] = 3
    >>> layer.forward(np.float32([1, 2]))
    array([3., 6.], dtype=float32)

    Source: torch/nn, Mul.lua.
    """

    def __init__(self):
        super().__init__()
        self.weight = np.empty(1, self.dtype)
        self.gradWeight = np.zeros_like(self.weight)
        self.reset()
