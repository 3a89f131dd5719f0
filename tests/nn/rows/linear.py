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


def dense(parts, size):
    """Return a matrix with a row for each part, of (index, value) rows; where the value is 0, so may be the index."""
    return torch.stack([x.new_zeros(size).index_add(0, x[:, 0].long().clamp(1) - 1, x[:, 1]) for x in parts])


def sparse_linear(m, x, weight, bias):
    single = not isinstance(x, list) and x.ndim == 2
    output = F.linear(dense([x] if single else x, weight.shape[1]), weight, bias)
    return output[0] if single else output


def index_linear(m, x, weight, bias):
    keys, values, *sizes = x
    if sizes:
        keys, values = (part.split(sizes[0].tolist()) for part in (keys, values))
    single = not isinstance(keys, (list, tuple))
    pairs = [(keys, values)] if single else zip(keys, values, strict=True)
    parts = [torch.stack([key + m.offset + 1, value], 1) for key, value in pairs]
    output = dense(parts, len(weight)) @ weight + bias
    return output[0] if single else output


ENTRIES = [np.array([[7, 0.5], [2, -1.5]]), np.array([[3, 1.0], [7, 0.8], [1, -0.3]]), np.array([[7, 2.0]])]
FILLED = np.array([[[3, 1.0], [7, 0.8]], [[2, -0.6], [0, 0]], [[7, 0.9], [7, -1.2]]])
KEYS = [np.array([7, 2]), np.array([3, 7, 1]), np.array([5])]
SIZES = np.array([2, 0, 3])
FLAT = np.array([7, 2, 2, 4, 7])


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
    Row('nn.SparseLinear', lambda: nn.SparseLinear(8, 3), ENTRIES, sparse_linear, sparse=True, batch=False,
        wrong=[[(2, 3)], (3,), (2, 3), [], (2, 4, 3)]),
    Row('nn.SparseLinear', lambda: nn.SparseLinear(8, 3, True), ENTRIES[1], sparse_linear, sparse=True, batch=False),
    Row('nn.SparseLinear', lambda: nn.SparseLinear(7, 2, True), FILLED, sparse_linear, sparse=True),
    Row('nn.SparseLinear', lambda: nn.SparseLinear(7, 1), FILLED, sparse_linear, sparse=True),
    Row('nn.IndexLinear', lambda: nn.IndexLinear(8, 3).reset(), [KEYS, [(2,), (3,), (1,)]], index_linear, sparse=True,
        batch=False, accumulates=False, wrong=[[(3,)], (3,), [(3,), (2,)], [(3, 1), (3, 1)]]),
    Row('nn.IndexLinear', lambda: nn.IndexLinear(8, 1, True).reset(), [KEYS[0], (2,)], index_linear, sparse=True,
        batch=False, accumulates=False),
    Row('nn.IndexLinear', lambda: nn.IndexLinear(9, 3, True, 2).reset(), [FLAT, (5,), SIZES], index_linear, sparse=True,
        batch=False, accumulates=False, wrong=[[FLAT, (5,), SIZES[:1]]]),
]
