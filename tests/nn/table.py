"""The one table of tests: a row for each way to use a class of nnlite.nn; every rule runs over every row.

A new class gets its rows here, and nothing else: `test_every_module.py` and `test_every_criterion.py` do the rest. What
a row leaves out has a default; a class without a row fails a test.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from trees import drawn, leaves

import nnlite
from nnlite import nn
from nnlite.tensor.types import TYPES

BOTH = ('training', 'evaluate')
BASES = {'Object', 'Module', 'Container', 'Criterion'}  # nobody uses these by themselves


@dataclass
class Row:
    """One way to use a module.

    text: what Torch prints for it (of a container: the first line); the row's name, too.
    make: builds it.
    input: the shape of its input, or a list of shapes for a table.
    reference: what PyTorch computes for it, in float64: reference(module, input, *parameters).
    wrong: inputs that it refuses with a ShapeError, as shapes.
    batch: whether the first dimension is a batch's.
    independent: the modes in which a batch is its singles stacked.
    single: whether an input without the batch's dimension will do (batch normalization: in evaluate mode).
    inplace: builds its twin that works in place; the twin is a row, too.
    anything: whether it takes whatever comes, and so refuses nothing.
    """

    text: str
    make: Callable
    input: tuple | list
    reference: Callable
    wrong: tuple = ()
    batch: bool = True
    independent: tuple = BOTH
    single: bool = False
    inplace: Callable | None = None
    anything: bool = False

    def module(self, mode='training', dtype=np.float64):
        """Return a new module; one to evaluate has seen a batch in training, so that what it remembers is not empty."""
        nnlite.manualSeed(1)
        module = self.make().type(TYPES[np.dtype(dtype)])
        if mode == 'evaluate':
            module.forward(self.given(dtype, seed=2))
            module.clearState().evaluate()
        return module

    def given(self, dtype=np.float64, seed=1):
        """Return an input."""
        return drawn(self.input, seed, dtype)


@dataclass
class CriterionRow:
    """One way to use a criterion: as in Row.

    target: what the input should have been: an array, or a shape to draw.
    reference: what PyTorch computes, in float64: reference(criterion, input, target).
    wrong: (shape of the input, target, error) that it refuses.
    """

    text: str
    make: Callable
    input: tuple
    target: object
    reference: Callable
    wrong: tuple = ()

    def criterion(self, dtype=np.float64):
        return self.make().type(TYPES[np.dtype(dtype)])

    def given(self, dtype=np.float64):
        """Return (input, target)."""
        target = drawn(self.target, 2, dtype) if isinstance(self.target, tuple) else self.target
        return drawn(self.input, 1, dtype), target


# What PyTorch has no function for, or under other arguments.


def tensor(array):
    """Return a copy of an array in PyTorch, in float64."""
    return torch.tensor(np.asarray(array, np.float64 if array.dtype.kind == 'f' else array.dtype))


def batch_norm(m, x, weight=None, bias=None):
    return F.batch_norm(x, tensor(m.running_mean), tensor(m.running_var), weight, bias, m.train, 0, m.eps)


def conv(*geometry):
    """Return the reference of a convolution; stride and padding come height first, as PyTorch has them."""
    return lambda m, x, weight, bias=None: F.conv2d(x, weight, bias, *geometry)


def max_pool(kernel, stride, padding=0, ceil_mode=False):
    return lambda m, x: F.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil_mode)


def average_pool(*args):
    return lambda m, x: F.avg_pool2d(x, *args)


def dropout(m, x):
    """What is random comes from the module; the rest, whether it drops at all and scales, from Torch's rules."""
    if m.train and m.p > 0:
        kept = tensor(m.noise) != 0
        return torch.where(kept, x / (1 - m.p) if m.v2 else x, 0)
    return x if m.v2 else x * (1 - m.p)


def cross_entropy(c, x, target):
    return F.cross_entropy(x, target - 1, class_weights(c.nll), reduction='mean' if c.sizeAverage else 'sum')


def nll(c, x, target):
    reduction = 'mean' if c.sizeAverage else 'sum'
    return F.nll_loss(x, target - 1, class_weights(c), reduction=reduction, ignore_index=c.ignoreIndex - 1)


def class_weights(c):
    return None if c.weights is None else tensor(c.weights)


LABELS = np.array([2, 1, 3, 3])
WEIGHTS = [0.5, 2, 1.25]


def residual_block():
    branch = nn.Sequential().add(nn.SpatialConvolution(2, 2, 3, 3, 1, 1, 1, 1).noBias())
    branch.add(nn.SpatialBatchNormalization(2)).add(nn.ReLU(True))
    return nn.Sequential().add(nn.ConcatTable().add(branch).add(nn.Identity())).add(nn.CAddTable()).add(nn.ReLU(True))


def residual_reference(m, x, weight, gamma, beta):
    return F.relu(F.relu(batch_norm(m.get(1).get(1).get(2), F.conv2d(x, weight, padding=1), gamma, beta)) + x)


# fmt: off
MODULES = [
    # containers
    Row('nn.Sequential {', lambda: nn.Sequential().add(nn.Linear(5, 4)).add(nn.Tanh()).add(nn.Linear(4, 3)), (4, 5),
        lambda m, x, w, b, v, c: F.linear(torch.tanh(F.linear(x, w, b)), v, c), wrong=[(4, 6)], single=True),
    Row('nn.Sequential {', residual_block, (3, 2, 4, 5), residual_reference,
        wrong=[(3, 3, 4, 5), (2, 4)], independent=('evaluate',)),
    Row('nn.ConcatTable {', lambda: nn.ConcatTable().add(nn.Linear(5, 3)).add(nn.Identity()), (4, 5),
        lambda m, x, w, b: [F.linear(x, w, b), x], wrong=[(4, 6)], single=True),
    Row('nn.ConcatTable {', lambda: nn.ConcatTable().add(nn.SelectTable(2)).add(nn.CAddTable()), [(3, 2), (3, 2)],
        lambda m, x: [x[1], x[0] + x[1]], wrong=[[(3, 2), (3, 3)]]),
    Row('nn.ParallelTable {', lambda: nn.ParallelTable().add(nn.Linear(5, 3)).add(nn.Tanh()), [(4, 5), (4, 2)],
        lambda m, x, w, b: [F.linear(x[0], w, b), torch.tanh(x[1])], wrong=[[(4, 6), (4, 2)], [(4, 5)], (4, 5)]),
    Row('nn.Concat {', lambda: nn.Concat(2).add(nn.Linear(5, 3)).add(nn.Linear(5, 2)).add(nn.Identity()), (4, 5),
        lambda m, x, w, b, v, c: torch.cat([F.linear(x, w, b), F.linear(x, v, c), x], 1), wrong=[(4, 6)]),
    Row('nn.Concat {', lambda: nn.Concat(2).add(nn.SpatialConvolution(3, 2, 1, 1)).add(nn.Identity()), (3, 3, 2, 4),
        lambda m, x, w, b: torch.cat([F.conv2d(x, w, b), x], 1), wrong=[(3, 2, 2, 4)]),
    # tables
    Row('nn.JoinTable', lambda: nn.JoinTable(-1, 1), [(4, 2), (4, 3)], lambda m, x: torch.cat(x, 1)),
    Row('nn.JoinTable', lambda: nn.JoinTable(2), [(4, 2), (4, 3)], lambda m, x: torch.cat(x, 1),
        wrong=[[(4, 2), (3, 3)], [], (4, 2)]),
    Row('nn.JoinTable', lambda: nn.JoinTable(1, 3), [(3, 2, 4, 2), (3, 1, 4, 2)], lambda m, x: torch.cat(x, 1),
        wrong=[[(3, 2, 4, 2), (3, 2, 3, 2)]]),
    Row('nn.JoinTable', lambda: nn.JoinTable(-1), [(4, 2), (4, 3), (4, 1)], lambda m, x: torch.cat(x, -1)),
    Row('nn.SelectTable(2)', lambda: nn.SelectTable(2), [(4, 2), (4, 3)], lambda m, x: x[1], wrong=[[(4, 2)], (4, 2)],
        anything=True),
    Row('nn.SelectTable(key)', lambda: nn.SelectTable('key'), {'key': (4, 2), 'other': (4, 3)}, lambda m, x: x['key'],
        wrong=[{'other': (4, 2)}, [(4, 2)]], anything=True),
    Row('nn.SelectTable(-2)', lambda: nn.SelectTable(-2), [[(4, 2), (4, 3)], (4, 3)], lambda m, x: x[0],
        wrong=[[(4, 2)]], anything=True),
    Row('nn.CAddTable', nn.CAddTable, [(4, 3)] * 3, lambda m, x: x[0] + x[1] + x[2],
        wrong=[[(4, 3), (3, 3)], [], (4, 3)], inplace=lambda: nn.CAddTable(True)),
    Row('nn.CAddTable', nn.CAddTable, [(3, 2, 3, 4)] * 2, lambda m, x: x[0] + x[1], wrong=[[(3, 2, 3, 4), (2,)]]),
    # simple
    Row('nn.Identity', nn.Identity, (4, 3), lambda m, x: x, anything=True),
    Row('nn.MulConstant', lambda: nn.MulConstant(-1.5), (4, 3), lambda m, x: -1.5 * x,
        inplace=lambda: nn.MulConstant(-1.5, True)),
    Row('nn.Padding', lambda: nn.Padding(2, 3), (4, 2, 3), lambda m, x: F.pad(x, (0, 0, 0, 3)), wrong=[(3,)]),
    Row('nn.Padding', lambda: nn.Padding(1, -2, 3, 0.5), (3, 2, 3, 4),
        lambda m, x: F.pad(x, (0, 0, 0, 0, 2, 0), value=0.5)),
    Row('nn.Padding', lambda: nn.Padding(1, 2, 1, -1, 3), (3, 5),
        lambda m, x: torch.cat([x[:, :3], x.new_full((len(x), 2), -1), x[:, 3:]], 1), wrong=[(3, 1)]),
    Row('nn.View(-1)', lambda: nn.View(-1).setNumInputDims(3), (3, 2, 4, 5), lambda m, x: x.reshape(len(x), -1)),
    Row('nn.View(4, 3)', lambda: nn.View(4, 3), (3, 2, 6), lambda m, x: x.reshape(-1, 4, 3), wrong=[(3, 5)],
        independent=()),
    Row('nn.View(2, -1)', lambda: nn.View(2, -1), (4, 6), lambda m, x: x.reshape(2, -1), wrong=[(3, 3)], batch=False),
    Row('nn.View(2, 3, 4)', lambda: nn.View(2, 3, 4).setNumInputDims(1), (3, 24), lambda m, x: x.reshape(3, 2, 3, 4)),
    Row('nn.Reshape(4x3)', lambda: nn.Reshape(4, 3), (3, 12), lambda m, x: x.reshape(-1, 4, 3), wrong=[(3, 11)],
        single=True),
    Row('nn.Reshape(6x2x2)', lambda: nn.Reshape(6, 2, 2), (3, 2, 3, 4), lambda m, x: x.reshape(-1, 6, 2, 2)),
    Row('nn.Reshape(2x12)', lambda: nn.Reshape(2, 12, False), (4, 6), lambda m, x: x.reshape(2, 12), batch=False),
    Row('nn.Linear(5 -> 3)', lambda: nn.Linear(5, 3), (4, 5), lambda m, x, w, b: F.linear(x, w, b),
        wrong=[(4, 6), (6,), (2, 4, 5)], single=True),
    Row('nn.Linear(5 -> 1) without bias', lambda: nn.Linear(5, 1, False), (4, 5), lambda m, x, w: F.linear(x, w),
        single=True),
    Row('nn.BatchNormalization (2D) (3)', lambda: nn.BatchNormalization(3), (6, 3), batch_norm,
        wrong=[(6, 4), (3,), (6, 3, 1, 1)], independent=('evaluate',), single=True),
    Row('nn.BatchNormalization (2D) (3)', lambda: nn.BatchNormalization(3, 1e-3, None, False), (6, 3), batch_norm,
        independent=('evaluate',), single=True),
    Row('nn.Dropout(0.300000)', lambda: nn.Dropout(0.3), (4, 5), dropout, independent=('evaluate',),
        inplace=lambda: nn.Dropout(0.3, False, True)),
    Row('nn.Dropout(0.500000)', lambda: nn.Dropout(None, True), (3, 2, 3, 4), dropout, independent=('evaluate',)),
    Row('nn.Dropout(0.000000)', lambda: nn.Dropout(0), (4, 5), dropout),
    # convolution and pooling
    Row('nn.SpatialConvolution(2 -> 3, 3x3)', lambda: nn.SpatialConvolution(2, 3, 3, 3), (3, 2, 5, 6), conv(),
        wrong=[(3, 3, 5, 6), (5, 6), (3, 2, 2, 6), (3, 2, 5, 2)], single=True),
    Row('nn.SpatialConvolution(2 -> 3, 3x3, 1,1, 1,1)', lambda: nn.SpatialConvolution(2, 3, 3, 3, None, None, 1),
        (3, 2, 4, 3), conv(1, 1), single=True),
    Row('nn.SpatialConvolution(2 -> 3, 3x2, 2,1, 1,0)', lambda: nn.SpatialConvolution(2, 3, 3, 2, 2, 1, 1, 0),
        (3, 2, 4, 7), conv((1, 2), (0, 1)), single=True),
    Row('nn.SpatialConvolution(3 -> 4, 1x1) without bias', lambda: nn.SpatialConvolution(3, 4, 1, 1).noBias(),
        (3, 3, 3, 2), conv(), single=True),
    Row('nn.SpatialConvolution(3 -> 1, 1x1, 2,2)', lambda: nn.SpatialConvolution(3, 1, 1, 1, 2, 2), (3, 3, 5, 4),
        conv(2), single=True),
    Row('nn.SpatialConvolution(1 -> 2, 2x5, 3,2, 1,2)', lambda: nn.SpatialConvolution(1, 2, 2, 5, 3, 2, 1, 2),
        (3, 1, 4, 6), conv((2, 3), (2, 1)), single=True),
    Row('nn.SpatialBatchNormalization (4D) (3)', lambda: nn.SpatialBatchNormalization(3), (3, 3, 2, 4), batch_norm,
        wrong=[(3, 4, 2, 4), (3, 2, 4), (3, 3)], independent=('evaluate',), single=True),
    Row('nn.SpatialBatchNormalization (4D) (2)', lambda: nn.SpatialBatchNormalization(2, None, 0.4, False),
        (3, 2, 3, 4), batch_norm, independent=('evaluate',), single=True),
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
    # transfer functions
    Row('nn.ReLU', nn.ReLU, (4, 5), lambda m, x: F.relu(x), inplace=lambda: nn.ReLU(True), single=True),
    Row('nn.ReLU', nn.ReLU, (3, 2, 3, 4), lambda m, x: F.relu(x), inplace=lambda: nn.ReLU(True)),
    Row('nn.Threshold', lambda: nn.Threshold(0.6, -0.4), (4, 5), lambda m, x: F.threshold(x, 0.6, -0.4),
        inplace=lambda: nn.Threshold(0.6, -0.4, True)),
    Row('nn.Threshold', lambda: nn.Threshold(-0.7, 3), (3, 2, 3, 4), lambda m, x: F.threshold(x, -0.7, 3)),
    Row('nn.Sigmoid', nn.Sigmoid, (4, 5), lambda m, x: torch.sigmoid(x)),
    Row('nn.Tanh', nn.Tanh, (3, 2, 3, 4), lambda m, x: torch.tanh(x)),
    Row('nn.SoftMax', nn.SoftMax, (4, 5), lambda m, x: F.softmax(x, 1), wrong=[(1, 1, 1, 1, 1), ()], single=True),
    Row('nn.SoftMax', nn.SoftMax, (3, 4, 2, 3), lambda m, x: F.softmax(x, 1), single=True),
    Row('nn.LogSoftMax', nn.LogSoftMax, (4, 5), lambda m, x: F.log_softmax(x, 1), wrong=[(1, 1, 1, 1, 1)], single=True),
    Row('nn.LogSoftMax', nn.LogSoftMax, (3, 4, 2, 3), lambda m, x: F.log_softmax(x, 1), single=True),
]

CRITERIONS = [
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
# fmt: on

MODULES += [replace(row, make=row.inplace, inplace=None) for row in MODULES if row.inplace]


def works_in_place(module):
    return any(getattr(below, 'inplace', False) for below in module.listModules())


def every(rows, wanted=lambda row: True):
    """Return the mark that runs a test over all rows, or over those that it is about."""
    return pytest.mark.parametrize('row', [pytest.param(row, id=_name(row)) for row in rows if wanted(row)])


def _name(row):
    shapes = ' '.join('x'.join(map(str, leaf.shape)) for leaf in leaves(drawn(row.input, 1)))
    return f'{row.text.removeprefix("nn.").removesuffix(" {")} of {shapes}'
