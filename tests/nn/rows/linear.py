"""Linear layers of other kinds: tables of rows, sparse inputs, a part of the outputs, norms apart from the weights."""

import numpy as np
import torch
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


def partial_linear(m, x, weight, bias=None):
    columns = torch.tensor(m.partition).long() - 1
    return F.linear(x, weight[columns], None if bias is None else bias[0, columns])


class Nearest(torch.autograd.Function):
    """K-means gives gradients of its own to the centres, whatever comes from above."""

    @staticmethod
    def forward(context, x, centres, scale):
        nearest = torch.cdist(x, centres).argmin(1)
        context.save_for_backward(x, centres, nearest)
        context.scale = scale
        return nearest + 1.0

    @staticmethod
    def backward(context, grad):
        x, centres, nearest = context.saved_tensors
        mine = F.one_hot(nearest, len(centres)).T.to(x.dtype)
        count = mine.sum(1, keepdim=True)
        return torch.zeros_like(x), context.scale * (count * centres - mine @ x) / (count + 1e-7), None


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
    Row('nn.PartialLinear(5 -> 3)', lambda: nn.PartialLinear(5, 3), (4, 5), partial_linear, wrong=[(4, 6), (5,)]),
    Row('nn.PartialLinear(5 -> 4)', lambda: nn.PartialLinear(5, 4).setPartition([4, 1]), (3, 5), partial_linear),
    Row('nn.PartialLinear(3 -> 4) without bias', lambda: nn.PartialLinear(3, 4, False).setPartition([2, 3, 2]), (4, 3),
        partial_linear),
    Row('nn.Kmeans', lambda: nn.Kmeans(3, 2), (6, 2), lambda m, x, c: Nearest.apply(x, c, 1), wrong=[(6, 3), (2,)],
        independent=(), derivative=False),
    Row('nn.Kmeans', lambda: nn.Kmeans(4, 3, 0.5), (8, 3), lambda m, x, c: Nearest.apply(x, c, 0.5), independent=(),
        derivative=False, accumulates=False),
]
