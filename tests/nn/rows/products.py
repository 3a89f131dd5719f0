"""Products, angles and distances of vectors and matrices."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row

from nnlite import nn


def sloped(y, slope, x):
    """Return y with the slope that Torch gives it as a function of x, in place of its own."""
    product = (slope.detach() * x).sum(-1)
    return y.detach() + product - product.detach()


def pairwise(m, x):
    """Return the distance; Torch's slope is that of y + 1e-6, and keeps only the sign, or the power of y, of some p."""
    difference = x[0] - x[1]
    y = difference.norm(m.norm, -1, keepdim=x[0].ndim == 1)
    if m.norm == 1:
        return y
    power = difference.abs() ** max(m.norm - 2, 0)
    return sloped(y, difference * power * (y[..., None] + 1e-6) ** (1 - m.norm), difference)


def euclidean(m, x, weight, scales=None):
    """Return the distances; Torch's slope is that of y + 1e-7."""
    differences = x[..., None] - weight
    if scales is not None:
        differences = differences * scales
    y = differences.norm(dim=-2)
    differences = differences.mT
    return sloped(y, differences / (y[..., None] + 1e-7), differences)


def cosine_distance(m, x):
    """Return the cosine, of squares that Torch makes a little larger."""
    a, b = x
    return ((a * b).sum(-1, keepdim=a.ndim == 1)) / (((a * a).sum(-1) + 1e-12) * ((b * b).sum(-1) + 1e-12)).sqrt()


def cosine(m, x, weight):
    """Return the cosines, of norms that Torch makes a little longer, also where their slopes divide by them."""
    norms = [rows.norm(dim=-1) + 1e-12 for rows in (x, weight)]
    of_x, of_weight = (sloped(y, rows / y[..., None], rows) for y, rows in zip(norms, (x, weight), strict=True))
    return F.linear(x, weight) / of_x[..., None] / of_weight


def bilinear(m, x, weight, bias=None):
    return F.bilinear(*x, weight, bias)


def maxout(m, x, weight, bias):
    return F.linear(x, weight, bias).unflatten(-1, (4, 3)).amax(-2)


OTHER = np.linspace(-1.5, 1.9, 12).reshape(4, 3)  # nowhere equal to what is drawn: |0| has no slope
WEIGHTED = ('weight', 'diagCov', 'gradWeight', 'gradDiagCov')


# fmt: off
ROWS = [
    Row('nn.MM', nn.MM, [(3, 2, 4), (3, 4, 5)], lambda m, x: x[0] @ x[1],
        wrong=[[(3, 2, 4), (3, 5, 4)], [(3, 2, 4), (2, 4, 5)], [(3, 2, 4), (4, 5)], [(3, 4), (3, 4, 5)], [(3,), (3,)],
               [(2, 4)], (2, 4)]),
    Row('nn.MM', lambda: nn.MM(True, False), [(3, 4, 2), (3, 4, 5)], lambda m, x: x[0].mT @ x[1],
        wrong=[[(3, 2, 4), (3, 4, 5)]]),
    Row('nn.MM', lambda: nn.MM(False, True), [(3, 2, 4), (3, 5, 4)], lambda m, x: x[0] @ x[1].mT),
    Row('nn.MM', lambda: nn.MM(True, True), [(3, 4, 2), (3, 5, 4)], lambda m, x: x[0].mT @ x[1].mT),
    Row('nn.MM', nn.MM, [(2, 4), (4, 3)], lambda m, x: x[0] @ x[1], batch=False),
    Row('nn.MM', lambda: nn.MM(True, True), [(4, 2), (3, 4)], lambda m, x: x[0].T @ x[1].T, batch=False),
    Row('nn.MV', nn.MV, [(3, 2, 4), (3, 4)], lambda m, x: (x[0] @ x[1][..., None])[..., 0],
        wrong=[[(3, 2, 4), (3, 2)], [(3, 2, 4), (2, 4)], [(3, 2, 4), (4,)], [(2, 4), (2, 4)], [(4,), (4,)], [(2, 4)],
               (2, 4)]),
    Row('nn.MV', lambda: nn.MV(True), [(3, 4, 2), (3, 4)], lambda m, x: (x[0].mT @ x[1][..., None])[..., 0]),
    Row('nn.MV', nn.MV, [(2, 4), (4,)], lambda m, x: x[0] @ x[1], batch=False),
    Row('nn.MV', lambda: nn.MV(True), [(4, 2), (4,)], lambda m, x: x[0].T @ x[1], batch=False),
    Row('nn.DotProduct', nn.DotProduct, [(4, 3), (4, 3)], lambda m, x: (x[0] * x[1]).sum(1),
        wrong=[[(4, 3), (3, 3)], [(4, 3), (3,)], [(2, 4, 3), (2, 4, 3)], [(4, 3)], (4, 3)]),
    Row('nn.DotProduct', nn.DotProduct, [(5,), (5,)], lambda m, x: (x[0] @ x[1])[None], batch=False),
    Row('nn.CosineDistance', nn.CosineDistance, [(4, 3), (4, 3)], cosine_distance,
        wrong=[[(4, 3), (3, 3)], [(4, 3), (3,)], [(2, 4, 3), (2, 4, 3)]]),
    Row('nn.CosineDistance', nn.CosineDistance, [(5,), (5,)], cosine_distance, batch=False),
    Row('nn.PairwiseDistance', nn.PairwiseDistance, [(4, 3), (4, 3)], pairwise,
        wrong=[[(4, 3), (3, 3)], [(4, 3), (3,)], [(2, 4, 3), (2, 4, 3)]]),
    Row('nn.PairwiseDistance', lambda: nn.PairwiseDistance(1), [(4, 3), OTHER], pairwise),
    Row('nn.PairwiseDistance', lambda: nn.PairwiseDistance(3), [(4, 3), (4, 3)], pairwise),
    Row('nn.PairwiseDistance', lambda: nn.PairwiseDistance(1.5), [(4, 3), (4, 3)], pairwise, derivative=False),
    Row('nn.PairwiseDistance', lambda: nn.PairwiseDistance(4), [(5,), (5,)], pairwise, batch=False),
    Row('nn.Cosine', lambda: nn.Cosine(5, 3), (4, 5), cosine, wrong=[(4, 6), (6,), (2, 4, 5)], single=True,
        unscaled=(0,)),
    Row('nn.Euclidean', lambda: nn.Euclidean(5, 3), (4, 5), euclidean, wrong=[(4, 6), (6,), (2, 4, 5)], single=True),
    Row('nn.WeightedEuclidean', lambda: nn.WeightedEuclidean(5, 3), (4, 5), euclidean, shares=WEIGHTED,
        wrong=[(4, 6), (6,), (2, 4, 5)], single=True),
    Row('nn.WeightedEuclidean', lambda: nn.WeightedEuclidean(4, 2), (4,), euclidean, shares=WEIGHTED, batch=False,
        unscaled=(1,)),
    Row('nn.Bilinear(3x4 -> 2) ', lambda: nn.Bilinear(3, 4, 2), [(5, 3), (5, 4)], bilinear, unscaled=(0,),
        wrong=[[(5, 4), (5, 4)], [(5, 3), (5, 3)], [(5, 3), (4, 4)], [(3,), (4,)], [(5, 3)], (5, 3)]),
    Row('nn.Bilinear(4x1 -> 1)  without bias', lambda: nn.Bilinear(4, 1, 1, False), [(5, 4), (5, 1)], bilinear,
        unscaled=(0,)),
    Row('nn.Sequential {', lambda: nn.Maxout(5, 3, 4), (4, 5), maxout, wrong=[(4, 6), (2, 4, 5)], single=True),
    Row('nn.Sequential {', lambda: nn.Maxout(5, 3, 4, nn.Tanh()), (4, 5), lambda m, *x: torch.tanh(maxout(m, *x))),
]
