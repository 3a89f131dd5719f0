"""A weight for each element."""

import numpy as np

from nnlite.nn.spread import SpreadWeight
from nnlite.tensor.dimensions import sizes_of


class CMul(SpreadWeight):
    """y = weight x, element by element.

    Args:
        size: the sizes of the weight, one by one or in one list.

    Shapes: input of as many elements as the weight, (N, ...) where all but N are as many, or of as many dimensions,
    where the weight is repeated along those in which its size is 1; output as the input. Weight drawn from the uniform
    distribution over +-1 / sqrt(its elements).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> planes = nn.CMul(1, 3, 1, 1)
    >>> planes.forward(np.ones((8, 3, 32, 32), np.float32)).shape
    (8, 3, 32, 32)

    Raises:
        ShapeError: the input is none of these.

    Source: torch/nn, CMul.lua.
    """

    longStorages = ('size',)
    foreign = ('_input', '_gradInput', '_gradOutput', '_output', '_weight', '_gradWeight', '_expand', '_repeat', '_sum')

    def __init__(self, *size):
        super().__init__()
        self.size = sizes_of(size, self)
        self.weight = np.empty(self.size, self.dtype)
        self.gradWeight = np.zeros_like(self.weight)
        self.reset()
