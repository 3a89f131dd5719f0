"""Criterions."""

import numpy as np
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import CriterionRow, tensor

import nnlite
from nnlite import nn

LABELS = np.array([2, 1, 3, 3])
WEIGHTS = [0.5, 2, 1.25]


def cross_entropy(c, x, target):
    return F.cross_entropy(x, target - 1, class_weights(c.nll), reduction='mean' if c.sizeAverage else 'sum')


def nll(c, x, target):
    reduction = 'mean' if c.sizeAverage else 'sum'
    return F.nll_loss(x, target - 1, class_weights(c), reduction=reduction, ignore_index=c.ignoreIndex - 1)


def class_weights(c):
    return None if c.weights is None else tensor(c.weights)


# fmt: off
ROWS = [
    CriterionRow('nn.MSECriterion', nn.MSECriterion, (4, 3), (4, 3), lambda c, x, t: F.mse_loss(x, t),
        wrong=[((4, 3), (4, 2), nnlite.ShapeError), ((4, 3), (3,), nnlite.ShapeError)]),
    CriterionRow('nn.MSECriterion', lambda: nn.MSECriterion(False), (2, 3, 2, 4), (2, 3, 2, 4),
        lambda c, x, t: F.mse_loss(x, t, reduction='sum')),
    CriterionRow('nn.ClassNLLCriterion', nn.ClassNLLCriterion, (4, 3), LABELS, nll, wrong=[
        ((4, 3), LABELS[:3], nnlite.ShapeError), ((4, 3), LABELS - 1, nnlite.DataError),
        ((4, 3), LABELS + 1, nnlite.DataError), ((4, 3), LABELS + 0.5, nnlite.DataError),
        ((4, 3, 2), LABELS, nnlite.ShapeError), ((4, 3), np.array(list('abcd')), nnlite.DtypeError)]),
    CriterionRow('nn.ClassNLLCriterion', lambda: nn.ClassNLLCriterion(WEIGHTS), (4, 3), LABELS, nll,
        wrong=[((4, 4), LABELS, nnlite.ShapeError)]),
    CriterionRow('nn.ClassNLLCriterion', lambda: nn.ClassNLLCriterion(WEIGHTS, False), (4, 3), LABELS, nll),
    CriterionRow('nn.ClassNLLCriterion', lambda: nn.ClassNLLCriterion(None, True, 3), (4, 3), LABELS, nll),
    CriterionRow('nn.ClassNLLCriterion', lambda: nn.ClassNLLCriterion(WEIGHTS), (4, 3), np.array([1, -100, 3, 2]), nll),
    CriterionRow('nn.CrossEntropyCriterion', nn.CrossEntropyCriterion, (4, 3), LABELS, cross_entropy, wrong=[
        ((4, 3), LABELS[:3], nnlite.ShapeError), ((4, 3), LABELS - 1, nnlite.DataError)]),
    CriterionRow('nn.CrossEntropyCriterion', lambda: nn.CrossEntropyCriterion(WEIGHTS), (4, 3), LABELS, cross_entropy),
    CriterionRow('nn.CrossEntropyCriterion', lambda: nn.CrossEntropyCriterion(None, False), (4, 3), LABELS,
        cross_entropy),
]
