"""Transfer functions."""

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row, tensor

from nnlite import nn


def rrelu(m, x):
    """What is random comes from the module; that it is drawn for what is not positive only, from Torch's rules."""
    return torch.where(x > 0, x, x * (tensor(m.noise) if m.train else (m.lower + m.upper) / 2))


def glu(axis):
    return lambda m, x: F.glu(x, axis)


# fmt: off
ROWS = [
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
    Row('nn.SoftMin', nn.SoftMin, (4, 5), lambda m, x: F.softmin(x, 1), wrong=[(1, 1, 1, 1, 1), ()], single=True),
    Row('nn.SoftMin', nn.SoftMin, (3, 4, 2, 3), lambda m, x: F.softmin(x, 1), single=True),
    Row('nn.SpatialSoftMax', nn.SpatialSoftMax, (3, 4, 2, 3), lambda m, x: F.softmax(x, 1), single=True),
    Row('nn.SpatialLogSoftMax', nn.SpatialLogSoftMax, (3, 4, 2, 3), lambda m, x: F.log_softmax(x, 1), single=True),
    Row('nn.Abs', nn.Abs, (3, 2, 3, 4), lambda m, x: x.abs(), single=True),
    Row('nn.Sqrt', nn.Sqrt, (4, 5), lambda m, x: x.sqrt(), low=0.1, single=True),
    Row('nn.Sqrt', lambda: nn.Sqrt(0.5), (3, 2, 3, 4), lambda m, x: x.sqrt(), low=0.1),
    Row('nn.Square', nn.Square, (3, 2, 3, 4), lambda m, x: x.square(), single=True),
    Row('nn.Power', lambda: nn.Power(3), (4, 5), lambda m, x: x ** 3, single=True),
    Row('nn.Power', lambda: nn.Power(-1), (3, 2, 3, 4), lambda m, x: 1 / x, low=0.3),
    Row('nn.Power', lambda: nn.Power(1.5), (3, 2, 3, 4), lambda m, x: x ** 1.5, low=0.1),
    Row('nn.Exp', nn.Exp, (3, 2, 3, 4), lambda m, x: x.exp(), single=True),
    Row('nn.Log', nn.Log, (3, 2, 3, 4), lambda m, x: x.log(), low=0.2, single=True),
    Row('nn.HardTanh', nn.HardTanh, (4, 5), lambda m, x: F.hardtanh(x), inplace=lambda: nn.HardTanh(None, None, True),
        single=True),
    Row('nn.HardTanh', lambda: nn.HardTanh(-0.3, 1.6), (3, 2, 3, 4), lambda m, x: F.hardtanh(x, -0.3, 1.6),
        inplace=lambda: nn.HardTanh(-0.3, 1.6, True)),
    Row('nn.Clamp', lambda: nn.Clamp(-1.2, 0.4), (3, 2, 3, 4), lambda m, x: x.clamp(-1.2, 0.4), single=True),
    Row('nn.ReLU6', nn.ReLU6, (3, 2, 3, 4), lambda m, x: F.relu6(x), inplace=lambda: nn.ReLU6(True), low=-9, high=9,
        single=True),
    Row('nn.HardShrink', nn.HardShrink, (3, 2, 3, 4), lambda m, x: F.hardshrink(x), single=True),
    Row('nn.HardShrink', lambda: nn.HardShrink(1.01), (4, 5), lambda m, x: F.hardshrink(x, 1.01)),
    Row('nn.SoftShrink', nn.SoftShrink, (3, 2, 3, 4), lambda m, x: F.softshrink(x), single=True),
    Row('nn.SoftShrink', lambda: nn.SoftShrink(1.01), (4, 5), lambda m, x: F.softshrink(x, 1.01)),
    Row('nn.SoftPlus', nn.SoftPlus, (4, 5), lambda m, x: F.softplus(x), single=True),
    Row('nn.SoftPlus', lambda: nn.SoftPlus(2.5), (3, 2, 3, 4), lambda m, x: F.softplus(x, 2.5), low=-1000, high=1000),
    Row('nn.SoftSign', nn.SoftSign, (3, 2, 3, 4), lambda m, x: F.softsign(x), single=True),
    Row('nn.LogSigmoid', nn.LogSigmoid, (4, 5), lambda m, x: F.logsigmoid(x), single=True),
    Row('nn.LogSigmoid', nn.LogSigmoid, (3, 2, 3, 4), lambda m, x: F.logsigmoid(x), low=-1000, high=1000),
    Row('nn.TanhShrink', nn.TanhShrink, (3, 2, 3, 4), lambda m, x: F.tanhshrink(x), single=True),
    Row('nn.ELU (alpha:1.000000)', nn.ELU, (4, 5), lambda m, x: F.elu(x), inplace=lambda: nn.ELU(None, True),
        single=True),
    Row('nn.ELU (alpha:0.600000)', lambda: nn.ELU(0.6), (3, 2, 3, 4), lambda m, x: F.elu(x, 0.6),
        inplace=lambda: nn.ELU(0.6, True)),
    Row('nn.LeakyReLU(0.01)', nn.LeakyReLU, (4, 5), lambda m, x: F.leaky_relu(x),
        inplace=lambda: nn.LeakyReLU(None, True), single=True),
    Row('nn.LeakyReLU(0.3)', lambda: nn.LeakyReLU(0.3), (3, 2, 3, 4), lambda m, x: F.leaky_relu(x, 0.3),
        inplace=lambda: nn.LeakyReLU(0.3, True)),
    Row('nn.LeakyReLU(-0.3)', lambda: nn.LeakyReLU(-0.3, True), (4, 5), lambda m, x: F.leaky_relu(x, -0.3)),
    Row('nn.PReLU', nn.PReLU, (4, 5), lambda m, x, w: F.prelu(x, w), single=True),
    Row('nn.PReLU', lambda: nn.PReLU(5), (4, 5), lambda m, x, w: F.prelu(x, w), wrong=[(4, 6), (6,), (5, 4)],
        single=True),
    Row('nn.PReLU', lambda: nn.PReLU(2), (3, 2, 3, 4), lambda m, x, w: F.prelu(x, w), wrong=[(3, 3, 3, 4)]),
    Row('nn.RReLU (l:0.125000, u:0.333333)', nn.RReLU, (4, 5), rrelu, independent=('evaluate',),
        inplace=lambda: nn.RReLU(None, None, True)),
    Row('nn.RReLU (l:0.200000, u:0.600000)', lambda: nn.RReLU(0.2, 0.6), (3, 2, 3, 4), rrelu,
        independent=('evaluate',), inplace=lambda: nn.RReLU(0.2, 0.6, True)),
    Row('nn.RReLU (l:0.250000, u:0.250000)', lambda: nn.RReLU(0.25, 0.25), (4, 5), lambda m, x: F.leaky_relu(x, 0.25)),
    Row('CReLU()', lambda: nn.CReLU(1), (4, 5), lambda m, x: F.relu(torch.cat([x, -x], 1)), wrong=[(2, 4, 5)],
        single=True),
    Row('CReLU()', lambda: nn.CReLU(3, True), (3, 2, 3, 4), lambda m, x: F.relu(torch.cat([x, -x], 1)),
        wrong=[(4, 5)], single=True),
    Row('nn.GatedLinearUnit', nn.GatedLinearUnit, (4, 6), glu(1), wrong=[(4, 5)], single=True),
    Row('nn.GatedLinearUnit', lambda: nn.GatedLinearUnit(2), (3, 4, 2, 3), glu(1), wrong=[(3, 3, 2, 3), (4,)]),
]
