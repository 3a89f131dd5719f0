"""Some of the planes of volumes, at random, become zero."""

from nnlite.nn.SpatialDropout import SpatialDropout


class VolumetricDropout(SpatialDropout):
    """In training y = noise * x, where noise is 0 for a plane with probability p, else 1; in evaluation y = (1 - p) x.

    Args:
        p: the probability of a zero, 0.5 by default.
        stochasticInference: draw noise in evaluation too.

    Shapes: input (N, C, T, H, W) or (C, T, H, W).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net, x = nn.VolumetricDropout(), np.ones((8, 3, 2, 4, 4), np.float32)
    >>> y = net.forward(x)
    >>> bool((y == y[:, :, :1, :1, :1]).all())
    True
    >>> float(net.evaluate().forward(x).max())
    0.5

    Source: torch/nn, VolumetricDropout.lua.
    """

    space = ('T', 'H', 'W')
