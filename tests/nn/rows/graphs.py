"""Modules of files that were made with other packages than nn: nngraph's graphs, cunn's parallel networks."""

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row

from nnlite import nn
from nnlite.nn.graph import Node


def diamond():
    """Two layers on one input, one of them used twice, as nngraph draws them."""
    x = Node()
    left, right = Node(nn.Linear(5, 4), x), Node(nn.Linear(5, 4), x)
    inner = Node(nn.CMulTable(), Node(nn.Tanh(), left), right)
    return nn.gModule([x], [Node(nn.CAddTable(), inner, left)])


def diamond_reference(m, x, *parameters):
    left, right = F.linear(x, *parameters[:2]), F.linear(x, *parameters[2:])
    return torch.tanh(left) * right + left


def parts():
    """Two inputs and two outputs; one output is split, and one part of it used again."""
    x, y = Node(), Node()
    fork = Node(nn.ConcatTable().add(nn.Linear(4, 3)).add(nn.Identity()), x)
    one, two = fork.split(2)
    return nn.gModule([x, y], [Node(nn.CAddTable(), one, y), Node(nn.JoinTable(2), two, one)])


# fmt: off
ROWS = [
    Row('nn.gModule', diamond, (3, 5), diamond_reference, wrong=[(3, 6), (6,)], single=True),
    Row('nn.gModule', parts, [(3, 4), (3, 3)],
        lambda m, x, w, b: [F.linear(x[0], w, b) + x[1], torch.cat([x[0], F.linear(x[0], w, b)], 1)],
        wrong=[[(3, 5), (3, 3)], [(3, 4)], (3, 4), [(3, 4), (3, 4)]]),
    Row('DataParallelTable: 2 x nn.Linear(5 -> 3)', lambda: nn.DataParallelTable(1).add(nn.Linear(5, 3), [1, 2]),
        (4, 5), lambda m, x, w, b: F.linear(x, w, b), wrong=[(4, 6), (6,)], single=True),
]
# fmt: on
