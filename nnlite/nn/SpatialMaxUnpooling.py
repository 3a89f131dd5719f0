"""The way back from nn.SpatialMaxPooling."""

from nnlite.nn.SpatialMaxPooling import SpatialMaxPooling
from nnlite.nn.unpooling import MaxUnpooling


class SpatialMaxUnpooling(MaxUnpooling):
    """Put each pixel where a max pooling found its own in its last forward, among zeros.

    Args:
        poolingModule: the nn.SpatialMaxPooling, which also runs elsewhere in the network; its windows are as large as
            their step.

    Shapes: input as the pooling's output; output as the pooling's input.

    Raises:
        Error: the pooling is not of that kind, or has not run.
        ShapeError: the input is not of the shape of the pooling's output.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> pool = nn.SpatialMaxPooling(2, 2)
    >>> there_and_back = nn.Sequential().add(pool).add(nn.SpatialMaxUnpooling(pool))
    >>> there_and_back.forward(np.float32([[[1, 2], [4, 3]]]))
    array([[[0., 0.],
            [4., 0.]]], dtype=float32)

    Source: torch/nn, SpatialMaxUnpooling.lua.
    """

    poolingType = SpatialMaxPooling
