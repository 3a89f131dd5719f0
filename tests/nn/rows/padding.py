"""Borders around maps and volumes."""

import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row

from nnlite import nn


def pad(*args):
    return lambda m, x: F.pad(x, *args)


# fmt: off
ROWS = [
    Row('nn.SpatialZeroPadding(l=2, r=2, t=2, b=2)', lambda: nn.SpatialZeroPadding(2), (3, 2, 3, 4),
        pad((2, 2, 2, 2)), wrong=[(3, 4), (2, 3, 2, 3, 4)], single=True),
    Row('nn.SpatialZeroPadding(l=-1, r=3, t=2, b=-2)', lambda: nn.SpatialZeroPadding(-1, 3, 2, -2), (3, 2, 3, 4),
        pad((-1, 3, 2, -2)), wrong=[(3, 2, 2, 4), (3, 2, 3, 1)], single=True),
    Row('nn.SpatialReflectionPadding(l=2, r=1, t=2, b=0)',
        lambda: nn.SpatialReflectionPadding(2, 1, None, 0), (3, 2, 3, 4),
        pad((2, 1, 2, 0), 'reflect'), wrong=[(3, 4), (3, 2, 2, 4), (3, 2, 3, 2)], single=True),
    Row('nn.SpatialReflectionPadding(l=-1, r=3, t=2, b=-2)', lambda: nn.SpatialReflectionPadding(-1, 3, 2, -2),
        (3, 2, 3, 4), lambda m, x: F.pad(F.pad(x, (0, 3, 2, 0), 'reflect'), (-1, 0, 0, -2)), single=True),
    Row('nn.SpatialReplicationPadding(l=1, r=0, t=3, b=1)',
        lambda: nn.SpatialReplicationPadding(1, 0, 3), (3, 2, 3, 4), pad((1, 0, 3, 1), 'replicate'), wrong=[(3, 4)],
        single=True),
    Row('nn.SpatialReplicationPadding(l=2, r=-1, t=-1, b=1)',
        lambda: nn.SpatialReplicationPadding(2, -1, -1, 1), (3, 2, 3, 4),
        lambda m, x: F.pad(F.pad(x, (2, 0, 0, 1), 'replicate'), (0, -1, -1, 0)), wrong=[(3, 2, 1, 4)], single=True),
    Row('nn.VolumetricReplicationPadding(left=1, right=1, top=1, bottom=1, front=1, back=1)',
        lambda: nn.VolumetricReplicationPadding(1), (2, 2, 2, 3, 3), pad((1,) * 6, 'replicate'),
        wrong=[(2, 3, 3)], single=True),
    Row('nn.VolumetricReplicationPadding(left=2, right=0, top=1, bottom=0, front=0, back=3)',
        lambda: nn.VolumetricReplicationPadding(2, 0, 1, 0, 0, 3), (2, 2, 2, 3, 3),
        pad((2, 0, 1, 0, 0, 3), 'replicate'), single=True),
]
