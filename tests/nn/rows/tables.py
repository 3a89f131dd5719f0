"""Modules that take or give tables."""

import torch
from row import Row

from nnlite import nn

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
]
