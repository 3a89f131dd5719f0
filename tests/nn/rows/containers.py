"""Modules that are made of modules."""

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row
from rows.normalization import batch_norm

from nnlite import nn


def residual_block():
    branch = nn.Sequential().add(nn.SpatialConvolution(2, 2, 3, 3, 1, 1, 1, 1).noBias())
    branch.add(nn.SpatialBatchNormalization(2)).add(nn.ReLU(True))
    return nn.Sequential().add(nn.ConcatTable().add(branch).add(nn.Identity())).add(nn.CAddTable()).add(nn.ReLU(True))


def residual_reference(m, x, weight, gamma, beta):
    return F.relu(F.relu(batch_norm(m.get(1).get(1).get(2), F.conv2d(x, weight, padding=1), gamma, beta)) + x)


def depth_concat():
    net = nn.DepthConcat(2).add(nn.SpatialConvolution(3, 2, 1, 1)).add(nn.SpatialConvolution(3, 1, 3, 3))
    return net.add(nn.SpatialConvolution(3, 2, 4, 4))


def depth_concat_reference(m, x, *parameters):
    maps = [F.conv2d(x, *parameters[n : n + 2]) for n in (0, 2, 4)]
    return torch.cat([maps[0], F.pad(maps[1], (1, 1, 1, 1)), F.pad(maps[2], (1, 2, 1, 2))], 1)


def linear(m, x, *parameters):
    return F.linear(x, *parameters)


# fmt: off
ROWS = [
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
    Row('nn.Decorator @ nn.Linear(5 -> 3)', lambda: nn.Decorator(nn.Linear(5, 3)), (4, 5), linear, wrong=[(4, 6), (6,)],
        single=True),
    Row('nn.Parallel {', lambda: nn.Parallel(2, 2).add(nn.Linear(4, 3)).add(nn.Linear(4, 2)), (3, 2, 4),
        lambda m, x, w, b, v, c: torch.cat([F.linear(x[:, 0], w, b), F.linear(x[:, 1], v, c)], 1),
        wrong=[(3, 3, 4), (3, 2, 5), (3,)]),
    Row('nn.Parallel {', lambda: nn.Parallel(-1, 1).add(nn.Linear(4, 3)).add(nn.Tanh()), (4, 1),
        lambda m, x, w, b: F.linear(x[:, 0], w, b), batch=False),
    Row('nn.Parallel {', lambda: nn.Parallel(1, -1).add(nn.Identity()).add(nn.MulConstant(3)), (2, 2, 3, 4),
        lambda m, x: torch.cat([x[0], 3 * x[1]], 2), batch=False),
    Row('nn.DepthConcat {', depth_concat, (2, 3, 5, 6), depth_concat_reference, wrong=[(2, 2, 5, 6)], scales=False),
    Row('nn.Bottle @ nn.Linear(5 -> 3)', lambda: nn.Bottle(nn.Linear(5, 3)), (4, 2, 3, 5), linear,
        wrong=[(4, 2, 3, 6)]),
    Row('nn.Bottle @ nn.Linear(5 -> 3)', lambda: nn.Bottle(nn.Linear(5, 3)), (4, 5), linear, wrong=[(4, 6), (6,)],
        single=True),
    Row('nn.Bottle @ nn.SpatialConvolution(2 -> 3, 3x3)', lambda: nn.Bottle(nn.SpatialConvolution(2, 3, 3, 3), 4),
        (3, 2, 2, 4, 5), lambda m, x, w, b: F.conv2d(x.flatten(0, 1), w, b).unflatten(0, x.shape[:2]),
        wrong=[(3, 2, 3, 4, 5)]),
    Row('nn.Bottle @ nn.View(-1)', lambda: nn.Bottle(nn.View(-1).setNumInputDims(2), 3, 2), (3, 2, 4, 5),
        lambda m, x: x.flatten(2)),
    Row('nn.Bottle @ nn.View(-1)', lambda: nn.Bottle(nn.View(-1).setNumInputDims(2), 3), (3, 4, 5),
        lambda m, x: x.flatten(1), wrong=[(3, 2, 4, 5)]),
    Row('nn.MapTable {', lambda: nn.MapTable(nn.Linear(5, 3)), [(4, 5), (4, 5), (4, 5)],
        lambda m, x, w, b, *same: [F.linear(part, w, b) for part in x], wrong=[[(4, 6)], [], (4, 5)]),
    Row('nn.MapTable {', lambda: nn.MapTable(nn.Linear(5, 3, False), False).resize(2), [(4, 5), (4, 5)],
        lambda m, x, *weights: [F.linear(*pair) for pair in zip(x, weights, strict=True)], wrong=[[(4, 6)]]),
    Row('nn.NaN(watch) @ nn.Linear(5 -> 3)', lambda: nn.NaN(nn.Linear(5, 3), 'watch'), (4, 5), linear, wrong=[(4, 6)],
        single=True),
    Row('nn.Profile @ nn.Linear(5 -> 3)', lambda: nn.Profile(nn.Linear(5, 3), 2, 'name'), (4, 5), linear,
        wrong=[(4, 6)], single=True),
    Row('nn.DontCast @ nn.CAddTable', lambda: nn.DontCast(nn.CAddTable().double(), True, False), [(4, 5), (4, 5)],
        lambda m, x: x[0] + x[1], wrong=[[(4, 5), (3, 5)]], anything=True),
    Row('nn.DontCast @ nn.Tanh', lambda: nn.DontCast(nn.Tanh().double(), True, False), (3, 2, 4, 5),
        lambda m, x: torch.tanh(x), anything=True),
    Row('nn.PrintSize', nn.PrintSize, (4, 3), lambda m, x: x, anything=True),
    Row('nn.PrintSize', lambda: nn.PrintSize('here'), [(4, 3), (4, 2)], lambda m, x: x, anything=True),
    Row('nn.ZeroGrad', nn.ZeroGrad, (4, 3), lambda m, x: x.detach() + 0 * x, derivative=False),
]
