"""Criterions."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import CriterionRow, tensor

import nnlite
from nnlite import nn

LABELS = np.array([2, 1, 3, 3])
PIXELS = np.array([[[2, 1], [3, 1]], [[1, 3], [2, 2]]])
LISTS = np.array([[2, 0, 1, 0], [4, 1, 2, 0], [0, 3, 0, 0], [1, 2, 3, 4], [3, 3, 0, 0]])
SIGNS = np.array([1, -1, -1, 1])
ALIKE, DIFFERENT = np.array(1), np.array(-1)
WEIGHTS = [0.5, 2, 1.25]
WEIGHT = np.linspace(-1, 2, 12).reshape(4, 3)
NEAR = [(4,), np.array([-1.2, 0.3, 0.1, 1.7])]

# what several of them are refused
OTHER_SHAPES = [((4, 3), (4, 2), nnlite.ShapeError), ((4, 3), (3,), nnlite.ShapeError)]
OTHER_CLASSES = [((4, 4), (4, 4), nnlite.ShapeError), ((2, 4, 3), (2, 4, 3), nnlite.ShapeError)]
OTHER_LABELS = [
    ((4, 3), LABELS[:3], nnlite.ShapeError), ((4, 3), LABELS - 1, nnlite.DataError),
    ((4, 3), LABELS + 1, nnlite.DataError), ((4, 3), LABELS + 0.5, nnlite.DataError),
    ((4, 3), LABELS * np.nan, nnlite.DataError), ((4, 3), LABELS * np.inf, nnlite.DataError),
    ((4, 3, 2), LABELS, nnlite.ShapeError),
]  # fmt: skip
OTHER_PAIRS = [([(4,), (3,)], SIGNS, nnlite.ShapeError), ([(4,)] * 3, SIGNS, nnlite.ShapeError)]


def changed(criterion, **fields):
    """Return the criterion with these fields."""
    vars(criterion).update(fields)
    return criterion


def reduced(c, terms):
    return terms.mean() if c.sizeAverage else terms.sum()


def mse(c, x, y):
    return reduced(c, (x - y.view_as(x)) ** 2)


def absolute(c, x, y):
    return reduced(c, (x - y).abs())


def smooth_l1(c, x, y):
    return reduced(c, F.smooth_l1_loss(x, y, reduction='none'))


def bce(c, x, y):
    """Return a loss whose value is Torch's, and its slope as well, which 1e-12 does not enter as it does the value."""
    w = 1 if c.weights is None else tensor(c.weights)
    loss = -((x + 1e-12).log() * y + (1 - x + 1e-12).log() * (1 - y)).detach()
    slope = ((x - y) / ((1 - x + 1e-12) * (x + 1e-12))).detach()
    return reduced(c, w * (loss + slope * (x - x.detach())))


def kl(c, x, y):
    return reduced(c, F.kl_div(x, y.clamp(min=0), reduction='none'))


def margin(c, x, y):
    return reduced(c, (c.margin - x * y).clamp(min=0))


def soft_margin(c, x, y):
    return reduced(c, F.softplus(-x * y))


def hinge(c, x, y):
    return reduced(c, F.hinge_embedding_loss(x, y, c.margin, reduction='none'))


def multi_label_soft(c, x, y):
    return reduced(c, F.binary_cross_entropy_with_logits(x, y, class_weights(c), reduction='none'))


def multi_label(c, x, y):
    y = F.pad(y, (0, x.shape[-1] - y.shape[-1])) - 1
    return F.multilabel_margin_loss(x, y, reduction='mean' if c.sizeAverage else 'sum')


def multi_margin(c, x, y):
    return F.multi_margin_loss(x, y - 1, c.p, c.margin, class_weights(c), reduction='mean' if c.sizeAverage else 'sum')


def cosine(c, x, y):
    first, second = (part.reshape(-1, part.shape[-1]) for part in x)
    return reduced(c, F.cosine_embedding_loss(first, second, y.reshape(-1), c.margin, reduction='none'))


def ranking(c, x, y):
    terms = (c.margin - y * (x[0] - x[1])).clamp(min=0)
    return reduced(c, terms.reshape(len(terms), -1).sum(1))


def l1_hinge(c, x, y):
    distance = (x[0] - x[1]).abs().sum()
    return distance if y == 1 else (c.margin - distance).clamp(min=0)


def distance_ratio(c, x):
    return reduced(c, -torch.log_softmax(-torch.stack(x), 0)[0])


def cropped(c, x, y):
    top, left = ((large - small) // 2 for large, small in zip(y.shape[-2:], x.shape[-2:], strict=True))
    return mse(c, x, y[..., top : top + x.shape[-2], left : left + x.shape[-1]].contiguous())


def simplex(c, x, y):
    return mse(c, x, tensor(c.simplex)[y - 1])


def cross_entropy(c, x, y):
    return F.cross_entropy(
        x.squeeze(), y.squeeze() - 1, class_weights(c.nll), reduction='mean' if c.sizeAverage else 'sum'
    )


def nll(c, x, y):
    reduction = 'mean' if c.sizeAverage else 'sum'
    return F.nll_loss(x, y - 1, class_weights(c), reduction=reduction, ignore_index=(c.ignoreIndex or 0) - 1)


def class_weights(c):
    return None if c.weights is None else tensor(c.weights)


# fmt: off
ROWS = [
    CriterionRow('nn.MSECriterion', nn.MSECriterion, (4, 3), (4, 3), mse, wrong=OTHER_SHAPES),
    CriterionRow('nn.MSECriterion', lambda: nn.MSECriterion(False), (2, 3, 2, 4), (2, 3, 2, 4), mse),
    CriterionRow('nn.MSECriterion', nn.MSECriterion, (4, 3, 2), (4, 6), mse),
    CriterionRow('nn.AbsCriterion', nn.AbsCriterion, (4, 3), (4, 3), absolute, wrong=OTHER_SHAPES),
    CriterionRow('nn.AbsCriterion', lambda: nn.AbsCriterion(False), (3, 2, 4), (3, 2, 4), absolute),
    CriterionRow('nn.SmoothL1Criterion', nn.SmoothL1Criterion, (4, 3), (4, 3), smooth_l1, wrong=OTHER_SHAPES),
    CriterionRow('nn.SmoothL1Criterion', lambda: nn.SmoothL1Criterion(False), (7,), (7,), smooth_l1),
    CriterionRow('nn.BCECriterion', nn.BCECriterion, (4, 3), np.linspace(0, 1, 12).reshape(4, 3), bce, low=0, high=1,
        wrong=[*OTHER_SHAPES, (np.full((4, 3), 1.5), (4, 3), nnlite.DataError),
               (np.full((4, 3), np.nan), (4, 3), nnlite.DataError)]),
    CriterionRow('nn.BCECriterion', lambda: nn.BCECriterion(WEIGHTS), (4, 3), np.eye(4, 3), bce, low=0, high=1,
        wrong=OTHER_CLASSES),
    CriterionRow('nn.BCECriterion', lambda: nn.BCECriterion(WEIGHTS, False), (3,), np.eye(3)[1], bce, low=0, high=1,
        batch=False),
    CriterionRow('nn.DistKLDivCriterion', nn.DistKLDivCriterion, (4, 3), (4, 3), kl,
        wrong=[*OTHER_SHAPES, ((4, 3), (3, 4), nnlite.ShapeError)]),
    CriterionRow('nn.DistKLDivCriterion', lambda: changed(nn.DistKLDivCriterion(), sizeAverage=False), (4, 3),
        (4, 3), kl),
    CriterionRow('nn.MarginCriterion', nn.MarginCriterion, (4, 3), np.sign(WEIGHT), margin, wrong=OTHER_SHAPES),
    CriterionRow('nn.MarginCriterion', lambda: changed(nn.MarginCriterion(0.5), sizeAverage=False), (4,), SIGNS * 1.0,
        margin),
    CriterionRow('nn.SoftMarginCriterion', nn.SoftMarginCriterion, (4, 3), np.sign(WEIGHT), soft_margin,
        wrong=OTHER_SHAPES),
    CriterionRow('nn.SoftMarginCriterion', lambda: changed(nn.SoftMarginCriterion(), sizeAverage=False), (4,),
        SIGNS * 1000.0, soft_margin),
    CriterionRow('nn.HingeEmbeddingCriterion', nn.HingeEmbeddingCriterion, (4,), SIGNS, hinge,
        wrong=[((3,), SIGNS, nnlite.ShapeError), ((4,), SIGNS * 2, nnlite.DataError)]),
    CriterionRow('nn.HingeEmbeddingCriterion', lambda: changed(nn.HingeEmbeddingCriterion(0.7), sizeAverage=False),
        (4, 1), SIGNS[:, None], hinge),
    CriterionRow('nn.HingeEmbeddingCriterion', nn.HingeEmbeddingCriterion, (1,), DIFFERENT, hinge, batch=False),
    CriterionRow('nn.MultiLabelSoftMarginCriterion', nn.MultiLabelSoftMarginCriterion, (4, 3), np.eye(4, 3),
        multi_label_soft, low=-50, high=60, wrong=OTHER_SHAPES),
    CriterionRow('nn.MultiLabelSoftMarginCriterion', lambda: nn.MultiLabelSoftMarginCriterion(WEIGHTS), (4, 3),
        np.eye(4, 3), multi_label_soft, wrong=OTHER_CLASSES),
    CriterionRow('nn.MultiLabelSoftMarginCriterion', lambda: nn.MultiLabelSoftMarginCriterion(WEIGHTS, False), (3,),
        np.eye(3)[1], multi_label_soft, batch=False),
    CriterionRow('nn.WeightedMSECriterion', lambda: nn.WeightedMSECriterion(WEIGHTS), (4, 3), (4, 3),
        lambda c, x, y: mse(c, x, y * tensor(c.weight)), wrong=[*OTHER_SHAPES, *OTHER_CLASSES]),
    CriterionRow('nn.WeightedMSECriterion', lambda: changed(nn.WeightedMSECriterion(WEIGHT), sizeAverage=False), (4, 3),
        (4, 3), lambda c, x, y: mse(c, x, y * tensor(c.weight)), batch=False),
    CriterionRow('nn.SpatialAutoCropMSECriterion', nn.SpatialAutoCropMSECriterion, (2, 3, 4, 2), (2, 3, 5, 5), cropped,
        wrong=[((2, 3, 4, 4), (2, 3, 3, 5), nnlite.ShapeError), ((2, 3, 4, 4), (2, 2, 4, 4), nnlite.ShapeError)]),
    CriterionRow('nn.SpatialAutoCropMSECriterion', lambda: nn.SpatialAutoCropMSECriterion(False), (3, 4, 4), (3, 4, 7),
        cropped, batch=False),
    CriterionRow('nn.ClassSimplexCriterion', lambda: nn.ClassSimplexCriterion(3), (4, 3), LABELS, simplex,
        wrong=OTHER_LABELS),
    CriterionRow('nn.ClassSimplexCriterion', lambda: nn.ClassSimplexCriterion(5), (5,), np.array(4), simplex,
        batch=False),

    CriterionRow('nn.ClassNLLCriterion', nn.ClassNLLCriterion, (4, 3), LABELS, nll, wrong=OTHER_LABELS),
    CriterionRow('nn.ClassNLLCriterion', nn.ClassNLLCriterion, (3,), np.array(2), nll, batch=False),
    CriterionRow('nn.ClassNLLCriterion', lambda: nn.ClassNLLCriterion(WEIGHTS), (4, 3), LABELS, nll,
        wrong=[((4, 4), LABELS, nnlite.ShapeError)]),
    CriterionRow('nn.ClassNLLCriterion', lambda: nn.ClassNLLCriterion(WEIGHTS, False), (4, 3), LABELS, nll),
    CriterionRow('nn.ClassNLLCriterion', lambda: nn.ClassNLLCriterion(WEIGHTS, False), (3,), np.array(2), nll,
        batch=False),
    CriterionRow('nn.ClassNLLCriterion', lambda: nn.ClassNLLCriterion(None, True, 3), (4, 3), LABELS, nll),
    CriterionRow('nn.ClassNLLCriterion', lambda: nn.ClassNLLCriterion(WEIGHTS), (4, 3), np.array([1, -100, 3, 2]), nll),
    CriterionRow('nn.SpatialClassNLLCriterion', nn.SpatialClassNLLCriterion, (2, 3, 2, 2), PIXELS, nll, wrong=[
        ((2, 3, 2, 3), PIXELS, nnlite.ShapeError), ((2, 3, 2, 2), PIXELS - 1, nnlite.DataError),
        ((3, 2, 2), PIXELS[0], nnlite.ShapeError)]),
    CriterionRow('nn.SpatialClassNLLCriterion', lambda: nn.SpatialClassNLLCriterion(WEIGHTS), (2, 3, 2, 2), PIXELS, nll,
        wrong=[((2, 4, 2, 2), PIXELS, nnlite.ShapeError)]),
    CriterionRow('nn.SpatialClassNLLCriterion', lambda: nn.SpatialClassNLLCriterion(WEIGHTS, False), (2, 3, 2, 2),
        PIXELS, nll),
    CriterionRow('nn.CrossEntropyCriterion', nn.CrossEntropyCriterion, (4, 3), LABELS, cross_entropy,
        wrong=OTHER_LABELS),
    CriterionRow('nn.CrossEntropyCriterion', lambda: nn.CrossEntropyCriterion(WEIGHTS), (4, 3), LABELS, cross_entropy),
    CriterionRow('nn.CrossEntropyCriterion', lambda: nn.CrossEntropyCriterion(None, False), (4, 3), LABELS,
        cross_entropy),
    CriterionRow('nn.CrossEntropyCriterion', nn.CrossEntropyCriterion, (4, 3, 1, 1), LABELS[:, None], cross_entropy),
    CriterionRow('nn.CrossEntropyCriterion', nn.CrossEntropyCriterion, (3,), np.array(2), cross_entropy, batch=False),
    CriterionRow('nn.MultiMarginCriterion', nn.MultiMarginCriterion, (4, 3), LABELS, multi_margin, wrong=OTHER_LABELS),
    CriterionRow('nn.MultiMarginCriterion', lambda: nn.MultiMarginCriterion(2, WEIGHTS), (4, 3), LABELS, multi_margin,
        wrong=[((4, 4), LABELS, nnlite.ShapeError)]),
    CriterionRow('nn.MultiMarginCriterion',
        lambda: changed(nn.MultiMarginCriterion(1, WEIGHTS, 0.4), sizeAverage=False), (4, 3), LABELS, multi_margin),
    CriterionRow('nn.MultiMarginCriterion', lambda: nn.MultiMarginCriterion(2, None, 3), (3,), np.array(2),
        multi_margin, batch=False),
    CriterionRow('nn.MultiLabelMarginCriterion', nn.MultiLabelMarginCriterion, (5, 4), LISTS, multi_label, wrong=[
        ((5, 4), LISTS[:4], nnlite.ShapeError), ((5, 4), LISTS + 1, nnlite.DataError),
        ((5, 4), LISTS - 1, nnlite.DataError), ((5, 4), LISTS + 0.5, nnlite.DataError)]),
    CriterionRow('nn.MultiLabelMarginCriterion', lambda: changed(nn.MultiLabelMarginCriterion(), sizeAverage=False),
        (5, 4), LISTS, multi_label),
    CriterionRow('nn.MultiLabelMarginCriterion', nn.MultiLabelMarginCriterion, (4,), LISTS[0], multi_label,
        batch=False),

    CriterionRow('nn.L1Cost', nn.L1Cost, (4, 3), None, lambda c, x: x.abs().sum()),
    CriterionRow('nn.L1HingeEmbeddingCriterion', nn.L1HingeEmbeddingCriterion, NEAR, ALIKE, l1_hinge, batch=False,
        wrong=[([(4,), (3,)], ALIKE, nnlite.ShapeError), ([(4,)] * 2, np.array(0), nnlite.DataError),
               ([(4,)] * 2, SIGNS, nnlite.ShapeError)]),
    CriterionRow('nn.L1HingeEmbeddingCriterion', nn.L1HingeEmbeddingCriterion, NEAR, DIFFERENT, l1_hinge,
        batch=False),
    CriterionRow('nn.L1HingeEmbeddingCriterion', lambda: nn.L1HingeEmbeddingCriterion(20), [(2, 3)] * 2, DIFFERENT,
        l1_hinge, batch=False),
    CriterionRow('nn.MarginRankingCriterion', nn.MarginRankingCriterion, [(4,)] * 2, SIGNS, ranking,
        wrong=[*OTHER_PAIRS, ([(4,)] * 2, SIGNS[:3], nnlite.ShapeError)]),
    CriterionRow('nn.MarginRankingCriterion', lambda: changed(nn.MarginRankingCriterion(0.3), sizeAverage=False),
        [(4,)] * 2, SIGNS, ranking),
    CriterionRow('nn.MarginRankingCriterion', nn.MarginRankingCriterion, [(4, 3)] * 2, np.sign(WEIGHT), ranking),
    CriterionRow('nn.MarginRankingCriterion', nn.MarginRankingCriterion, [(1,)] * 2, DIFFERENT, ranking, batch=False),
    CriterionRow('nn.CosineEmbeddingCriterion', nn.CosineEmbeddingCriterion, [(4, 3)] * 2, SIGNS, cosine,
        wrong=[*OTHER_PAIRS, ([(4, 3)] * 2, SIGNS[:3], nnlite.ShapeError),
               ([(4, 3)] * 2, SIGNS * 2, nnlite.DataError)]),
    CriterionRow('nn.CosineEmbeddingCriterion', lambda: changed(nn.CosineEmbeddingCriterion(-0.8), sizeAverage=False),
        [(4, 3)] * 2, SIGNS, cosine),
    CriterionRow('nn.CosineEmbeddingCriterion', lambda: nn.CosineEmbeddingCriterion(-0.9), [(5,)] * 2, DIFFERENT,
        cosine, batch=False),
    CriterionRow('nn.DistanceRatioCriterion', nn.DistanceRatioCriterion, [(4,)] * 2, None, distance_ratio,
        low=0, high=2000, wrong=[([(4,), (3,)], None, nnlite.ShapeError)]),
    CriterionRow('nn.DistanceRatioCriterion', lambda: nn.DistanceRatioCriterion(False), [(4,)] * 2, None,
        distance_ratio),

    CriterionRow('nn.MultiCriterion', lambda: nn.MultiCriterion().add(nn.MSECriterion(), 0.3).add(nn.AbsCriterion()),
        (4, 3), (4, 3), lambda c, x, y: 0.3 * F.mse_loss(x, y) + F.l1_loss(x, y), wrong=OTHER_SHAPES),
    CriterionRow('nn.MultiCriterion',
        lambda: nn.MultiCriterion().add(nn.MarginRankingCriterion(), 2).add(nn.MarginRankingCriterion(3), -0.5),
        [(4,)] * 2, SIGNS, lambda c, x, y: 2 * ranking(c.criterions[0], x, y) - 0.5 * ranking(c.criterions[1], x, y)),
    CriterionRow('nn.ParallelCriterion',
        lambda: nn.ParallelCriterion().add(nn.MSECriterion(), 0.5).add(nn.ClassNLLCriterion()), [(4, 2), (4, 3)],
        [(4, 2), LABELS], lambda c, x, y: 0.5 * F.mse_loss(x[0], y[0]) + F.nll_loss(x[1], y[1] - 1),
        wrong=[([(4, 2)], [(4, 2), LABELS], nnlite.ShapeError), ([(4, 2), (4, 3)], [(4, 2)], nnlite.ShapeError),
               ([(4, 2), (4, 3)], [(4, 2), LABELS - 1], nnlite.DataError)]),
    CriterionRow('nn.ParallelCriterion',
        lambda: nn.ParallelCriterion(True).add(nn.AbsCriterion()).add(nn.MSECriterion(), 3), [(4, 2), (4, 2), (5,)],
        (4, 2), lambda c, x, y: F.l1_loss(x[0], y) + 3 * F.mse_loss(x[1], y) + 0 * x[2].sum()),
    CriterionRow('nn.ModuleCriterion', lambda: nn.ModuleCriterion(nn.MSECriterion(), nn.Tanh(), nn.MulConstant(0.5)),
        (4, 3), (4, 3), lambda c, x, y: F.mse_loss(x.tanh(), y / 2), wrong=OTHER_SHAPES),
    CriterionRow('nn.ModuleCriterion', lambda: nn.ModuleCriterion(nn.ClassNLLCriterion(), nn.LogSoftMax()), (4, 3),
        LABELS, lambda c, x, y: F.cross_entropy(x, y - 1)),
    CriterionRow('nn.ModuleCriterion', lambda: nn.ModuleCriterion(nn.AbsCriterion(), None, nn.MulConstant(2), False),
        (4, 3), (4, 3), lambda c, x, y: F.l1_loss(x, 2 * y)),
    CriterionRow('nn.CriterionTable', lambda: nn.CriterionTable(nn.MSECriterion()), [(4, 3), (4, 3)], None,
        lambda c, x: F.mse_loss(x[0], x[1]), wrong=[([(4, 3), (4, 2)], None, nnlite.ShapeError)]),
    CriterionRow('nn.CriterionTable', lambda: nn.CriterionTable(nn.L1Cost()), [(4, 3)], None,
        lambda c, x: x[0].abs().sum(), wrong=[([(4, 3)] * 3, None, nnlite.ShapeError)]),
]
