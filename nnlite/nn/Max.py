"""The largest element along a dimension."""

import numpy as np

from nnlite.nn.extremum import Extremum


class Max(Extremum):
    """y = the largest element of each row of x along a dimension, which y is without; the gradient goes to it.

    Args:
        dimension: counted from 1, or from -1 at the end; 1 by default.
        nInputDims: how many dimensions an input has without the batch's; inputs of one more are a batch, and the
            dimension is counted after it.

    Shapes: the input's without the dimension; (1) for an input of one dimension.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Max(2).forward(np.float32([[1, 3, 2], [6, 5, 4]]))
    array([3., 6.], dtype=float32)

    Raises:
        ShapeError: the input has no such dimension.

    Source: torch/nn, Max.lua.
    """

    best = staticmethod(np.amax)
    place = staticmethod(np.argmax)
