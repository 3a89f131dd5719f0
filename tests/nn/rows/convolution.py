"""Convolutions."""

import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row

from nnlite import nn


def conv(*geometry):
    """Return the reference of a convolution; stride and padding come height first, as PyTorch has them."""
    return lambda m, x, weight, bias=None: F.conv2d(x, weight, bias, *geometry)


# fmt: off
ROWS = [
    Row('nn.SpatialConvolution(2 -> 3, 3x3)', lambda: nn.SpatialConvolution(2, 3, 3, 3), (3, 2, 5, 6), conv(),
        wrong=[(3, 3, 5, 6), (5, 6), (3, 2, 2, 6), (3, 2, 5, 2)], single=True),
    Row('nn.SpatialConvolution(2 -> 3, 3x3, 1,1, 1,1)', lambda: nn.SpatialConvolution(2, 3, 3, 3, None, None, 1),
        (3, 2, 4, 3), conv(1, 1), single=True),
    Row('nn.SpatialConvolution(2 -> 3, 3x2, 2,1, 1,0)', lambda: nn.SpatialConvolution(2, 3, 3, 2, 2, 1, 1, 0),
        (3, 2, 4, 7), conv((1, 2), (0, 1)), single=True),
    Row('nn.SpatialConvolution(3 -> 4, 1x1) without bias', lambda: nn.SpatialConvolution(3, 4, 1, 1).noBias(),
        (3, 3, 3, 2), conv(), single=True),
    Row('nn.SpatialConvolution(3 -> 1, 1x1, 2,2)', lambda: nn.SpatialConvolution(3, 1, 1, 1, 2, 2), (3, 3, 5, 4),
        conv(2), single=True),
    Row('nn.SpatialConvolution(1 -> 2, 2x5, 3,2, 1,2)', lambda: nn.SpatialConvolution(1, 2, 2, 5, 3, 2, 1, 2),
        (3, 1, 4, 6), conv((2, 3), (2, 1)), single=True),
]
