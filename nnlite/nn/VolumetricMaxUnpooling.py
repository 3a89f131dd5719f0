"""The way back from nn.VolumetricMaxPooling."""

from nnlite.nn.unpooling import MaxUnpooling
from nnlite.nn.VolumetricMaxPooling import VolumetricMaxPooling


class VolumetricMaxUnpooling(MaxUnpooling):
    """Put each pixel where a max pooling found its own in its last forward, among zeros.

    Args:
        poolingModule: the nn.VolumetricMaxPooling, which also runs elsewhere in the network; its windows are as large
            as their step.

    Shapes and errors: as in nn.SpatialMaxUnpooling.

    Source: torch/nn, VolumetricMaxUnpooling.lua.
    """

    sides = 'THW'
    poolingType = VolumetricMaxPooling
