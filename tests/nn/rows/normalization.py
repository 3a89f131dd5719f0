"""Modules that normalize."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row, tensor

from nnlite import nn


def batch_norm(m, x, weight=None, bias=None):
    return F.batch_norm(x, tensor(m.running_mean), tensor(m.running_var), weight, bias, m.train, 0, m.eps)


def response_norm(m, x):
    return F.local_response_norm(x, m.size, m.alpha, m.beta, m.k)


def layer_norm(m, x, gain=None, bias=None):
    """As in Torch: element k of a batch, row by row, loses the mean of the sample k modulo N, not that of its own."""
    centred = x - x.mean(-1).repeat(x.shape[-1]).reshape(x.shape)
    normed = centred / (centred.square().sum(-1, keepdim=True) + m.get(3).eps).sqrt() * x.shape[-1] ** 0.5
    return normed if gain is None else normed * gain + bias


def mean_around(m, x):
    kernel = tensor(m.kernel) if m.kernel.ndim == 2 else torch.outer(*[tensor(m.kernel)] * 2)
    return F.conv2d(x, kernel.expand(1, m.nInputPlane, -1, -1), padding=[size // 2 for size in kernel.shape])


def subtractive(m, x):
    return x - mean_around(m, x) / mean_around(m, torch.ones_like(x))


def divisive(m, x):
    deviation = mean_around(m, x.square()).sqrt() / mean_around(m, torch.ones_like(x))
    return x / torch.where(deviation > m.threshold, deviation, m.thresval)


def contrastive(m, x):
    return divisive(m.normalizer.get(2), subtractive(m.normalizer.get(1), x))


BUMP = np.array([[0.2, 0.5, 0.3], [0.6, 1.0, 0.4], [0.1, 0.7, 0.2]])
FLAT = np.array([[0.2, 0.5, 0.9, 0.4, 0.3]])
LINE = np.array([0.3, 0.8, 1.0, 0.5, 0.2])
OTHER_PLANES = [(3, 4, 5, 6), (5, 6)]


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
    Row('nn.Sequential {', lambda: nn.LayerNormalization(4), (3, 4), layer_norm, wrong=[(3, 5)], single=True,
        independent=()),
    Row('nn.Sequential {', lambda: nn.LayerNormalization(5, 0.5, 1e-2), (4, 5), layer_norm, single=True,
        independent=()),
    Row('nn.Sequential {', lambda: nn.LayerNormalization(3, None, 1e-3, False), (4, 3), layer_norm, single=True,
        independent=()),
    Row('nn.SpatialSubtractiveNormalization', lambda: nn.SpatialSubtractiveNormalization(2, BUMP), (3, 2, 5, 6),
        subtractive, wrong=OTHER_PLANES, single=True),
    Row('nn.SpatialSubtractiveNormalization', lambda: nn.SpatialSubtractiveNormalization(2, LINE), (3, 2, 5, 4),
        subtractive, single=True),
    Row('nn.SpatialSubtractiveNormalization', nn.SpatialSubtractiveNormalization, (3, 1, 5, 6), subtractive,
        single=True),
    Row('nn.SpatialDivisiveNormalization', lambda: nn.SpatialDivisiveNormalization(2, BUMP), (3, 2, 5, 6), divisive,
        wrong=OTHER_PLANES, single=True),
    Row('nn.SpatialDivisiveNormalization', lambda: nn.SpatialDivisiveNormalization(2, LINE, 1.2), (3, 2, 5, 4),
        divisive, single=True),
    Row('nn.SpatialDivisiveNormalization', lambda: nn.SpatialDivisiveNormalization(1, FLAT, 1, 0.6), (3, 1, 4, 6),
        divisive, single=True),
    Row('nn.SpatialContrastiveNormalization', lambda: nn.SpatialContrastiveNormalization(2, BUMP), (3, 2, 5, 6),
        contrastive, wrong=OTHER_PLANES, single=True),
    Row('nn.SpatialContrastiveNormalization', lambda: nn.SpatialContrastiveNormalization(3, LINE, 0.9, 0.5),
        (3, 3, 5, 4), contrastive, single=True),
    Row('nn.SpatialContrastiveNormalization', lambda: nn.SpatialContrastiveNormalization(None, None, 1), (3, 1, 5, 4),
        contrastive, single=True),
]
