"""Modules that take or give tables."""

import numpy as np
import torch
from row import Row

from nnlite import nn

APART = list(np.random.default_rng(1).permutation(36).reshape(3, 4, 3) / 9 - 2)  # no two numbers alike


def mixture(gates, experts):
    return sum(gate.reshape(*gate.shape, *[1] * (expert.ndim - gate.ndim)) * expert
               for gate, expert in zip(gates.unbind(-1), experts, strict=True))  # fmt: skip


# fmt: off
ROWS = [
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
    Row('nn.CMulTable', nn.CMulTable, [(4, 3)] * 3, lambda m, x: x[0] * x[1] * x[2],
        wrong=[[(4, 3), (3, 3)], [], (4, 3)]),
    Row('nn.CMulTable', nn.CMulTable, [(3, 2, 3, 4)] * 2, lambda m, x: x[0] * x[1]),
    Row('nn.CSubTable', nn.CSubTable, [(4, 3)] * 2, lambda m, x: x[0] - x[1],
        wrong=[[(4, 3), (3, 3)], [(4, 3)], [(4, 3)] * 3, (4, 3)]),
    Row('nn.CDivTable', nn.CDivTable, [(4, 3)] * 2, lambda m, x: x[0] / x[1], low=0.5,
        wrong=[[(4, 3), (3, 3)], [(4, 3)], (4, 3)]),
    Row('nn.CMaxTable', nn.CMaxTable, APART, lambda m, x: torch.stack(x).max(0)[0],
        wrong=[[(4, 3), (3, 3)], [], (4, 3)]),
    Row('nn.CMaxTable', nn.CMaxTable, [(3, 2, 3, 4)], lambda m, x: x[0]),
    Row('nn.CMinTable', nn.CMinTable, APART, lambda m, x: torch.stack(x).min(0)[0],
        wrong=[[(4, 3), (3, 3)], [], (4, 3)]),
    Row('nn.CAddTensorTable', nn.CAddTensorTable, [(4, 3), [(4, 3)] * 3], lambda m, x: [x[0] + t for t in x[1]],
        wrong=[[(4, 3), [(3, 3)]], [(4, 3), []], [(4, 3)], (4, 3)]),
    Row('nn.NarrowTable', lambda: nn.NarrowTable(2), [(4, 2), (4, 3)], lambda m, x: x[1:2], wrong=[[(4, 2)], (4, 2)],
        anything=True),
    Row('nn.NarrowTable', lambda: nn.NarrowTable(1, 2), [(4, 2), [(4, 3), (4, 1)], (4, 2)], lambda m, x: x[:2],
        anything=True),
    Row('nn.SplitTable', lambda: nn.SplitTable(1), (4, 3), lambda m, x: list(x), batch=False, wrong=[()]),
    Row('nn.SplitTable', lambda: nn.SplitTable(-1), (3, 2, 3, 4), lambda m, x: list(x.unbind(-1)), wrong=[()]),
    Row('nn.SplitTable', lambda: nn.SplitTable(2, 2), (4, 3, 2), lambda m, x: list(x.unbind(2)), wrong=[(3,)]),
    Row('nn.FlattenTable', nn.FlattenTable, [(4, 2), [(4, 3), [(4, 2, 2)]], (4,)],
        lambda m, x: [x[0], x[1][0], x[1][1][0], x[2]], wrong=[[], (4, 2)], anything=True),
    Row('nn.ZipTable', nn.ZipTable, [[(4, 2), (4, 3)], [(4, 1), (4, 2, 2)], [(4,), (4, 5)]],
        lambda m, x: [list(column) for column in zip(*x, strict=True)], anything=True,
        wrong=[[], (4, 2), [[(2,)], [(2,), (2,)]], [(2,)]]),
    Row('nn.ZipTableOneToMany', nn.ZipTableOneToMany, [(4, 2), [(4, 1), (4, 3)]],
        lambda m, x: [[x[0], other] for other in x[1]], wrong=[[(4, 2)], [(4, 2), (4, 2)], (4, 2)], anything=True),
    Row('nn.MixtureTable', nn.MixtureTable, [(4, 2), [(4, 3), (4, 3)]], lambda m, x: mixture(x[0], x[1]),
        wrong=[[(4, 3), [(4, 3), (4, 3)]], [(4, 2), [(3, 3), (3, 3)]], [(4, 2), [(4, 3), (4, 2)]], [(4, 2)], (4, 2),
            [(4, 2), (4, 3, 2)], [(4, 2), (4,)], [(2, 4, 2), [(4, 3), (4, 3)]]]),
    Row('nn.MixtureTable', nn.MixtureTable, [(4, 2), (4, 2, 3)], lambda m, x: mixture(x[0], x[1].unbind(1))),
    Row('nn.MixtureTable', lambda: nn.MixtureTable(3), [(4, 2), (4, 3, 2)], lambda m, x: mixture(x[0], x[1].unbind(2))),
    Row('nn.MixtureTable', nn.MixtureTable, [(2,), [(3, 4), (3, 4)]], lambda m, x: mixture(x[0], x[1]), batch=False),
    Row('nn.MixtureTable', nn.MixtureTable, [(2,), (2, 3)], lambda m, x: mixture(x[0], x[1]), batch=False),
    Row('nn.MixtureTable', lambda: nn.MixtureTable(2), [(2,), (3, 2)], lambda m, x: mixture(x[0], x[1].unbind(1)),
        batch=False),
    Row('nn.MixtureTable', nn.MixtureTable, [(3, 2), [(3, 2, 3, 4)] * 2], lambda m, x: mixture(x[0], x[1])),
]
