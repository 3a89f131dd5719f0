"""Some of the planes of volumes, at random, become zero."""

from nnlite.nn.SpatialDropout import SpatialDropout


class VolumetricDropout(SpatialDropout):
    """In training y = noise * x, where noise is 0 for a plane with probability p, else 1; in evaluation y = (1 - p) x.

    Args:
        p: the probability of a zero, 0.5 by default.
        stochasticInference: draw noise in evaluation too.

    Shapes: input (N, C, T, H, W) or (C, T, H, W).

    Source: torch/nn, VolumetricDropout.lua.
    """

    space = ('T', 'H', 'W')
