"""Modules that move, join and scale what they are given."""

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row, tensor

from nnlite import nn


def dropout(m, x):
    """What is random comes from the module; the rest, whether it drops at all and scales, from Torch's rules."""
    if m.train and m.p > 0:
        kept = tensor(m.noise) != 0
        return torch.where(kept, x / (1 - m.p) if m.v2 else x, 0)
    return x if m.v2 else x * (1 - m.p)


# fmt: off
ROWS = [
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
    Row('nn.Dropout(0.300000)', lambda: nn.Dropout(0.3), (4, 5), dropout, independent=('evaluate',),
        inplace=lambda: nn.Dropout(0.3, False, True)),
    Row('nn.Dropout(0.500000)', lambda: nn.Dropout(None, True), (3, 2, 3, 4), dropout, independent=('evaluate',)),
    Row('nn.Dropout(0.000000)', lambda: nn.Dropout(0), (4, 5), dropout),
]
