"""Modules with a parameter or a constant for each element, and those that only change a gradient on its way back."""

import math

import numpy as np
import torch
from row import Row, tensor

from nnlite import nn


def normalized(m, x):
    if m.p == math.inf:
        return x / (x.abs().amax(-1, keepdim=True) + m.eps)
    return x / (x.abs().pow(m.p).sum(-1, keepdim=True) + m.eps).pow(1 / m.p)


def back(factor, term):
    """Return the function that is the identity, but for its gradient: factor * gradOutput + term(module, input)."""

    class Back(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, m):
            ctx.term = term(m, x)
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            return factor * grad + ctx.term, None

    return lambda m, x: Back.apply(x, m)


VECTOR = np.array([0.5, -1, 2, 0.25, -3])

# fmt: off
ROWS = [
    Row('nn.Add', lambda: nn.Add(5), (4, 5), lambda m, x, b: x + b, wrong=[(4, 6), (6,), (5, 4)], single=True),
    Row('nn.Add', lambda: nn.Add(24), (3, 2, 3, 4), lambda m, x, b: x + b.view(2, 3, 4), wrong=[(3, 2, 3, 5)]),
    Row('nn.Add', lambda: nn.Add(5, True), (3, 2, 3, 4), lambda m, x, b: x + b, single=True),
    Row('nn.Mul', nn.Mul, (4, 5), lambda m, x, w: w * x, single=True),
    Row('nn.CAdd', lambda: nn.CAdd(5), (4, 5), lambda m, x, b: x + b, wrong=[(4, 6), (6,)], single=True),
    Row('nn.CAdd', lambda: nn.CAdd(3, 4), (3, 2, 6), lambda m, x, b: x + b.view(2, 6), wrong=[(3, 2, 5), (5, 4)]),
    Row('nn.CAdd', lambda: nn.CAdd([1, 2, 1, 4]), (3, 2, 3, 4), lambda m, x, b: x + b, wrong=[(3, 4, 3, 4), (3, 4)]),
    Row('nn.CAdd', lambda: nn.CAdd(1), (3, 2, 4), lambda m, x, b: x + b),
    Row('nn.CMul', lambda: nn.CMul(5), (4, 5), lambda m, x, w: w * x, wrong=[(4, 6), (6,)], single=True),
    Row('nn.CMul', lambda: nn.CMul(3, 4), (3, 2, 6), lambda m, x, w: w.view(2, 6) * x, wrong=[(3, 2, 5), (5, 4)]),
    Row('nn.CMul', lambda: nn.CMul([1, 2, 1, 4]), (3, 2, 3, 4), lambda m, x, w: w * x, wrong=[(3, 4, 3, 4), (3, 4)]),
    Row('nn.CMul', lambda: nn.CMul(1), (3, 2, 4), lambda m, x, w: w * x),
    Row('nn.AddConstant', lambda: nn.AddConstant(-1.5), (3, 2, 3, 4), lambda m, x: x - 1.5,
        inplace=lambda: nn.AddConstant(-1.5, True), single=True),
    Row('nn.AddConstant', lambda: nn.AddConstant(VECTOR), (4, 5), lambda m, x: x + tensor(VECTOR),
        inplace=lambda: nn.AddConstant(VECTOR, True), wrong=[(4, 6), (2, 4, 5)], single=True),
    Row('nn.Constant', lambda: nn.Constant(VECTOR, 1), (4, 3), lambda m, x: tensor(VECTOR).repeat(4, 1) + 0 * x[:, :1],
        single=True),
    Row('nn.Constant', lambda: nn.Constant(2.5), (4, 3), lambda m, x: tensor(m.value) + 0 * x.sum(), batch=False),
    Row('nn.Normalize(2)', lambda: nn.Normalize(2), (4, 5), normalized, wrong=[(2, 4, 5)], single=True),
    Row('nn.Normalize(1)', lambda: nn.Normalize(1, 1e-15), (4, 5), normalized, single=True),
    Row('nn.Normalize(3)', lambda: nn.Normalize(3, 0.1), (4, 5), normalized, single=True),
    Row('nn.Normalize(4)', lambda: nn.Normalize(4), (4, 5), normalized),
    Row('nn.Normalize(1.500000)', lambda: nn.Normalize(1.5, 1e-15), (4, 5), normalized),
    Row('nn.Normalize(inf)', lambda: nn.Normalize(math.inf, 1e-15), (4, 5), normalized, low=-1.95, single=True),
    Row('nn.GradientReversal', nn.GradientReversal, (4, 5), back(-1, lambda m, x: 0), derivative=False, single=True),
    Row('nn.GradientReversal', lambda: nn.GradientReversal(0.3), (3, 2, 3, 4), back(-0.3, lambda m, x: 0),
        derivative=False),
    Row('nn.L1Penalty', lambda: nn.L1Penalty(0.4), (4, 5), back(1, lambda m, x: 0.4 * x.sign()), derivative=False),
    Row('nn.L1Penalty', lambda: nn.L1Penalty(0.4, True), (3, 2, 3, 4), back(1, lambda m, x: 0.4 * x.sign() / x.numel()),
        derivative=False, independent=()),
    Row('nn.L1Penalty', lambda: nn.L1Penalty(0.4, False, False), (4, 5), back(0, lambda m, x: 0.4 * x.sign()),
        derivative=False),
    Row('nn.Contiguous', nn.Contiguous, (3, 2, 3, 4), lambda m, x: x, single=True),
]
