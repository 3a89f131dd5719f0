"""Linear layers of other kinds: tables of rows, sparse inputs, a part of the outputs, norms apart from the weights."""

import numpy as np
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row

from nnlite import nn

WORDS = np.array([[2, 5, 2], [1, 3, 2], [5, 5, 4], [4, 1, 2]])


def embedding(m, x, weight):
    """PyTorch counts from 0, and has no row to leave out under index 0."""
    padding = m.paddingValue - 1 if m.paddingValue else None
    return F.embedding(x - 1, weight, padding, scale_grad_by_freq=m.shouldScaleGradByFreq)


def linear_weight_norm(m, x, v, g, bias=None):
    return F.linear(x, g * v / v.norm(dim=1, keepdim=True), bias)


def normed(v, g):
    return g * v / (v.square().sum(1, keepdim=True) + 1e-4).sqrt()


DIRECTED = ('v', 'g', 'bias', 'gradV', 'gradG', 'gradBias', 'weight', 'gradWeight')


# fmt: off
ROWS = [
    Row('nn.LookupTable', lambda: nn.LookupTable(5, 3), WORDS, embedding, wrong=[(2, 2, 2)], single=True,
        anything=True),
    Row('nn.LookupTable', lambda: nn.LookupTable(6, 3, 2), WORDS, embedding, derivative=False, anything=True),
    Row('nn.LookupTable', lambda: nn.LookupTable(5, 3).setPadding(5).scaleGradByFreq(), WORDS, embedding,
        independent=(), derivative=False, anything=True),
    Row('nn.LookupTable', lambda: nn.LookupTable(5, 4, None, 0.2).reset(0.1), WORDS, embedding, derivative=False,
        anything=True),
    Row('nn.LookupTable', lambda: nn.LookupTable(5, 3, None, 0.2, 1).reset(0.1), WORDS, embedding, derivative=False,
        anything=True),
    Row('nn.LookupTable', lambda: nn.LookupTable(5, 3).reset(0.1).setMaxNorm(0.15).setNormType(3), WORDS, embedding,
        derivative=False, anything=True),
    Row('nn.LinearWeightNorm(5 -> 3)', lambda: nn.LinearWeightNorm(5, 3), (4, 5), linear_weight_norm,
        wrong=[(4, 6), (6,), (2, 4, 5)], single=True, accumulates=False, shares=DIRECTED),
    Row('nn.LinearWeightNorm(4 -> 2) without bias', lambda: nn.LinearWeightNorm(4, 2, False, 1e-3), (4, 4),
        linear_weight_norm, single=True, accumulates=False, shares=DIRECTED),
    Row('nn.WeightNorm @ nn.Linear(5 -> 3)', lambda: nn.WeightNorm(nn.Linear(5, 3)), (4, 5),
        lambda m, x, v, g, b: F.linear(x, normed(v, g), b), wrong=[(4, 6)], single=True, accumulates=False,
        shares=DIRECTED),
    Row('nn.WeightNorm @ nn.Linear(5 -> 3) without bias', lambda: nn.WeightNorm(nn.Linear(5, 3, False), 2), (4, 5),
        lambda m, x, v, g: F.linear(x, normed(v, g).T), single=True, accumulates=False, shares=DIRECTED),
    Row('nn.WeightNorm @ nn.SpatialConvolution(2 -> 3, 3x2)',
        lambda: nn.WeightNorm(nn.SpatialConvolution(2, 3, 3, 2), 2), (3, 2, 4, 5),
        lambda m, x, v, g, b: F.conv2d(x, normed(v, g).reshape(2, 3, 2, 3).transpose(0, 1), b), wrong=[(3, 3, 4, 5)],
        single=True, accumulates=False, shares=DIRECTED),
]
