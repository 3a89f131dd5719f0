"""The way back from nn.VolumetricMaxPooling."""

from nnlite.nn.unpooling import MaxUnpooling
from nnlite.nn.VolumetricMaxPooling import VolumetricMaxPooling


class VolumetricMaxUnpooling(MaxUnpooling):
    """Put each pixel where a max pooling found its own in its last forward, among zeros.

    Args:
        poolingModule: the nn.VolumetricMaxPooling, which also runs elsewhere in the network; its windows are as large
            as their step.

    Shapes: as in nn.SpatialMaxUnpooling, and so are the errors.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> pool = nn.VolumetricMaxPooling(1, 2, 2)
    >>> there_and_back = nn.Sequential().add(pool).add(nn.VolumetricMaxUnpooling(pool))
    >>> there_and_back.forward(np.float32([[[[1, 2], [4, 3]]]]))
    array([[[[0., 0.],
             [4., 0.]]]], dtype=float32)

    Source: torch/nn, VolumetricMaxUnpooling.lua.
    """

    sides = 'THW'
    poolingType = VolumetricMaxPooling
