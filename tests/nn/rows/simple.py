"""Modules that move, choose, add up and scale what they are given."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row

from nnlite import nn


def one_hot(m, x):
    """Return what PyTorch makes of classes; it has no gradient for them, and none is expected."""
    return F.one_hot(x.long() - 1, m.outputSize).double().requires_grad_()


INDICES = np.array([2, 4, 1, 4, 4])
MASK = np.uint8([[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]])


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
    Row('nn.Transpose', lambda: nn.Transpose([2, 3], [3, 4]), (3, 2, 4, 5), lambda m, x: x.permute(0, 2, 3, 1),
        wrong=[(3, 2, 4)]),
    Row('nn.Transpose', lambda: nn.Transpose([1, 2]).setNumInputDims(2), (3, 4, 5), lambda m, x: x.transpose(1, 2),
        wrong=[(3,)], single=True),
    Row('nn.Transpose', lambda: nn.Transpose([1, 3], [1, 2]), (2, 4, 3), lambda m, x: x.permute(1, 2, 0), batch=False),
    Row('nn.Squeeze', nn.Squeeze, (3, 1, 2, 1), lambda m, x: x.squeeze(), batch=False),
    Row('nn.Squeeze', nn.Squeeze, (1, 1), lambda m, x: x.reshape(1), batch=False),
    Row('nn.Squeeze', lambda: nn.Squeeze(3), (3, 2, 1, 4), lambda m, x: x.squeeze(2), wrong=[(3, 2)]),
    Row('nn.Squeeze', lambda: nn.Squeeze(2, 2), (3, 2, 1), lambda m, x: x.squeeze(-1), wrong=[(3,)], single=True),
    Row('nn.Squeeze', lambda: nn.Squeeze(1, 2), (3, 2, 4), lambda m, x: x, single=True),
    Row('nn.Squeeze', lambda: nn.Squeeze(None, 3), (3, 1, 4, 1), lambda m, x: x[:, 0, :, 0]),
    Row('nn.Unsqueeze(dim 2)', lambda: nn.Unsqueeze(2), (3, 4), lambda m, x: x[:, None], wrong=[()]),
    Row('nn.Unsqueeze(dim 3)', lambda: nn.Unsqueeze(3, 2), (3, 2, 4), lambda m, x: x[..., None], wrong=[(3,)],
        single=True),
    Row('nn.Unsqueeze(dim 1)', lambda: nn.Unsqueeze(1, 3), (3, 2, 4, 5), lambda m, x: x[:, None], single=True),
    Row('nn.Select', lambda: nn.Select(2, 3), (4, 3, 2), lambda m, x: x[:, 2], wrong=[(4, 2, 2), (4,), (3,)]),
    Row('nn.Select', lambda: nn.Select(-1, -2), (3, 2, 4, 5), lambda m, x: x[..., -2], wrong=[(3, 1)]),
    Row('nn.Narrow', lambda: nn.Narrow(2, 3), (4, 5), lambda m, x: x[:, 2:3], wrong=[(4, 2), (4,)]),
    Row('nn.Narrow', lambda: nn.Narrow(-1, 2, 2), (4, 2, 3, 5), lambda m, x: x[..., 1:3], wrong=[(4, 2)]),
    Row('nn.Narrow', lambda: nn.Narrow(2, 2, -2), (4, 5), lambda m, x: x[:, 1:-1], wrong=[(4, 2)]),
    Row('nn.Narrow', lambda: nn.Narrow(2, -1, 2), (4, 5), lambda m, x: x[:, :-2], wrong=[(4, 2)]),
    Row('nn.Replicate', lambda: nn.Replicate(3), (2, 4), lambda m, x: x.expand(3, 2, 4), batch=False),
    Row('nn.Replicate', lambda: nn.Replicate(2, 3), (3, 4), lambda m, x: x[..., None].expand(3, 4, 2), wrong=[(3,)]),
    Row('nn.Replicate', lambda: nn.Replicate(5, 2, 3), (2, 3, 4, 2),
        lambda m, x: x.unsqueeze(-3).expand(*x.shape[:-2], 5, *x.shape[-2:]), single=True),
    Row('nn.Collapse', lambda: nn.Collapse(2), (3, 4, 2), lambda m, x: x.flatten(-2), single=True),
    Row('nn.Collapse', lambda: nn.Collapse(3), (3, 4, 2, 5), lambda m, x: x.flatten(-3), single=True),
    Row('nn.Index', lambda: nn.Index(1), [(4, 3), INDICES], lambda m, x: x[0][x[1] - 1], batch=False,
        wrong=[[(4, 3)], (4, 3), [(4, 3), INDICES[:, None]]]),
    Row('nn.Index', lambda: nn.Index(-2), [(3, 2, 4, 5), INDICES], lambda m, x: x[0][:, :, x[1] - 1], batch=False),
    Row('nn.Index', lambda: nn.Index(1), [(4,), INDICES], lambda m, x: x[0][x[1] - 1], batch=False),
    Row('nn.MaskedSelect', nn.MaskedSelect, [(4, 3), MASK], lambda m, x: x[0][x[1].bool()], batch=False,
        wrong=[[(4, 3)], (4, 3), [(4, 2), MASK]]),
    Row('nn.MaskedSelect', nn.MaskedSelect, [(2, 4, 3, 2), np.stack([MASK[..., None]] * 2).repeat(2, -1)],
        lambda m, x: x[0][x[1].bool()], batch=False),
    Row('nn.OneHot', lambda: nn.OneHot(4), INDICES, one_hot, anything=True),
    Row('nn.OneHot', lambda: nn.OneHot(5), INDICES.reshape(5, 1).astype(float), one_hot, anything=True,
        derivative=False, single=True),
    Row('nn.Max', nn.Max, (4, 3), lambda m, x: x.amax(0), batch=False, wrong=[()]),
    Row('nn.Max', nn.Max, (5,), lambda m, x: x.amax(0, True), batch=False),
    Row('nn.Max', lambda: nn.Max(1, 2), (3, 4, 5), lambda m, x: x.amax(-2), single=True),
    Row('nn.Max', lambda: nn.Max(-1), (3, 2, 4, 5), lambda m, x: x.amax(-1), single=True),
    Row('nn.Min', nn.Min, (4, 3), lambda m, x: x.amin(0), batch=False, wrong=[()]),
    Row('nn.Min', lambda: nn.Min(2, 3), (3, 2, 4, 5), lambda m, x: x.amin(-2), wrong=[(3,)], single=True),
    Row('nn.Sum', nn.Sum, (4, 3), lambda m, x: x.sum(0), batch=False, wrong=[()]),
    Row('nn.Sum', nn.Sum, (5,), lambda m, x: x.sum(0, True), batch=False),
    Row('nn.Sum', lambda: nn.Sum(2, 3, True), (3, 2, 4, 5), lambda m, x: x.mean(-2), wrong=[(3,)], single=True),
    Row('nn.Sum', lambda: nn.Sum(-1, None, False, False), (3, 4, 5), lambda m, x: x.sum(-1, True), single=True),
    Row('nn.Mean', lambda: nn.Mean(2), (4, 3), lambda m, x: x.mean(1), wrong=[(4,)]),
    Row('nn.Mean', lambda: nn.Mean(1, 2), (3, 4, 5), lambda m, x: x.mean(-2), single=True),
    Row('nn.PixelShuffle', lambda: nn.PixelShuffle(2), (3, 8, 2, 3), lambda m, x: F.pixel_shuffle(x, 2),
        wrong=[(3, 6, 2, 3), (4, 2)], single=True),
    Row('nn.PixelShuffle', lambda: nn.PixelShuffle(3), (2, 9, 1, 2), lambda m, x: F.pixel_shuffle(x, 3), single=True),
]
