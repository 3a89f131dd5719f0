"""Modules that draw random numbers: what is random comes from the module, the rest from Torch's rules."""

import torch
from row import Row, tensor

from nnlite import nn


def dropout(m, x):
    if m.train and m.p > 0:
        kept = tensor(m.noise) != 0
        return torch.where(kept, x / (1 - m.p) if m.v2 else x, 0)
    return x if m.v2 else x * (1 - m.p)


def planes_dropped(m, x):
    return torch.where(tensor(m.noise) != 0, x, 0)


# fmt: off
ROWS = [
    Row('nn.Dropout(0.300000)', lambda: nn.Dropout(0.3), (4, 5), dropout, independent=('evaluate',),
        inplace=lambda: nn.Dropout(0.3, False, True)),
    Row('nn.Dropout(0.500000)', lambda: nn.Dropout(None, True), (3, 2, 3, 4), dropout, independent=('evaluate',)),
    Row('nn.Dropout(0.000000)', lambda: nn.Dropout(0), (4, 5), dropout),
    Row('nn.SpatialDropout(0.500000)', nn.SpatialDropout, (3, 4, 2, 3), planes_dropped, wrong=[(4, 5), (1, 1, 1, 1, 1)],
        independent=(), modes=('training',)),
    Row('nn.SpatialDropout(0.300000)', lambda: nn.SpatialDropout(0.3, True), (9, 2, 3), planes_dropped, batch=False,
        modes=('training',)),
    Row('nn.VolumetricDropout(0.500000)', nn.VolumetricDropout, (3, 4, 2, 3, 2), planes_dropped,
        wrong=[(4, 5, 6), (1, 1, 1, 1, 1, 1)], independent=(), modes=('training',)),
    Row('nn.VolumetricDropout(0.300000)', lambda: nn.VolumetricDropout(0.3, True), (9, 2, 3, 2), planes_dropped,
        batch=False, modes=('training',)),
    Row('nn.WhiteNoise mean: 0.000000, std: 0.100000', nn.WhiteNoise, (4, 5), lambda m, x: x + tensor(m.noise),
        independent=(), modes=('training',)),
    Row('nn.WhiteNoise mean: -0.500000, std: 2.000000', lambda: nn.WhiteNoise(-0.5, 2), (3, 2, 3, 4),
        lambda m, x: x + tensor(m.noise), independent=(), modes=('training',)),
]
