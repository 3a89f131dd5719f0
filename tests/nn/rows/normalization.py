"""Modules that normalize."""

import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row, tensor

from nnlite import nn


def batch_norm(m, x, weight=None, bias=None):
    return F.batch_norm(x, tensor(m.running_mean), tensor(m.running_var), weight, bias, m.train, 0, m.eps)


def response_norm(m, x):
    return F.local_response_norm(x, m.size, m.alpha, m.beta, m.k)


# fmt: off
ROWS = [
    Row('nn.BatchNormalization (2D) (3)', lambda: nn.BatchNormalization(3), (6, 3), batch_norm,
        wrong=[(6, 4), (3,), (6, 3, 1, 1)], independent=('evaluate',), single=True),
    Row('nn.BatchNormalization (2D) (3)', lambda: nn.BatchNormalization(3, 1e-3, None, False), (6, 3), batch_norm,
        independent=('evaluate',), single=True),
    Row('nn.SpatialBatchNormalization (4D) (3)', lambda: nn.SpatialBatchNormalization(3), (3, 3, 2, 4), batch_norm,
        wrong=[(3, 4, 2, 4), (3, 2, 4), (3, 3)], independent=('evaluate',), single=True),
    Row('nn.SpatialBatchNormalization (4D) (2)', lambda: nn.SpatialBatchNormalization(2, None, 0.4, False),
        (3, 2, 3, 4), batch_norm, independent=('evaluate',), single=True),
    Row('nn.VolumetricBatchNormalization (5D) (3)', lambda: nn.VolumetricBatchNormalization(3), (3, 3, 2, 1, 3),
        batch_norm, wrong=[(3, 4, 2, 1, 3), (3, 3, 2, 4)], independent=('evaluate',), single=True),
    Row('nn.VolumetricBatchNormalization (5D) (2)', lambda: nn.VolumetricBatchNormalization(2, 1e-3, 0.4, False),
        (3, 2, 2, 3, 2), batch_norm, independent=('evaluate',), single=True),
    Row('nn.SpatialCrossMapLRN', lambda: nn.SpatialCrossMapLRN(3), (3, 4, 2, 3), response_norm, wrong=[(2, 3)],
        single=True),
    Row('nn.SpatialCrossMapLRN', lambda: nn.SpatialCrossMapLRN(5, 0.6, 0.4, 1.5), (3, 6, 3, 2), response_norm,
        single=True),
    Row('nn.SpatialCrossMapLRN', lambda: nn.SpatialCrossMapLRN(7, 0.5), (3, 2, 2, 2), response_norm, single=True),
]
