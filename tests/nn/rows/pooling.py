"""Pooling, and its opposite."""

import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row

from nnlite import nn


def max_pool(kernel, stride, padding=0, ceil_mode=False):
    return lambda m, x: F.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil_mode)


def average_pool(*args):
    return lambda m, x: F.avg_pool2d(x, *args)


# fmt: off
ROWS = [
    Row('nn.SpatialMaxPooling(2x2, 2,2)', lambda: nn.SpatialMaxPooling(2, 2), (3, 2, 5, 4), max_pool(2, 2),
        wrong=[(5, 4), (3, 2, 1, 4)], single=True),
    Row('nn.SpatialMaxPooling(3x2, 2,1, 1,1)', lambda: nn.SpatialMaxPooling(3, 2, 2, 1, 1, 1).ceil(), (3, 2, 4, 6),
        max_pool((2, 3), (1, 2), (1, 1), True), single=True),
    Row('nn.SpatialMaxPooling(3x3, 2,2)', lambda: nn.SpatialMaxPooling(3, 3, 2, 2).ceil(), (3, 2, 6, 4),
        max_pool(3, 2, 0, True), single=True),
    Row('nn.SpatialAveragePooling(2x2, 2,2)', lambda: nn.SpatialAveragePooling(2, 2, 2, 2), (3, 2, 4, 6),
        average_pool(2, 2), wrong=[(4, 6), (3, 2, 1, 1)], single=True),
    Row('nn.SpatialAveragePooling(3x2, 1,1)', lambda: nn.SpatialAveragePooling(3, 2), (3, 2, 4, 5),
        average_pool((2, 3), 1), single=True),
    Row('nn.SpatialAveragePooling(3x3, 2,2, 1,1)', lambda: nn.SpatialAveragePooling(3, 3, 2, 2, 1, 1).ceil(),
        (3, 2, 4, 6), average_pool(3, 2, 1, True), single=True),
    Row('nn.SpatialAveragePooling(3x2, 2,1, 1,0)',
        lambda: nn.SpatialAveragePooling(3, 2, 2, 1, 1, 0).setCountExcludePad(), (3, 2, 4, 6),
        average_pool((2, 3), (1, 2), (0, 1), False, False), single=True),
    Row('nn.SpatialAdaptiveAveragePooling', lambda: nn.SpatialAdaptiveAveragePooling(3, 2), (3, 2, 5, 4),
        lambda m, x: F.adaptive_avg_pool2d(x, (2, 3)), wrong=[(5, 4)], single=True),
    Row('nn.SpatialUpSamplingNearest', lambda: nn.SpatialUpSamplingNearest(3), (3, 2, 2, 4),
        lambda m, x: F.interpolate(x[None] if x.ndim == 3 else x, scale_factor=3), wrong=[(2, 4)], single=True),
]
