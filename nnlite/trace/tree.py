"""The tree of a network's modules: each place in it has a name, as errors give it."""

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Node:
    """A place in a network's tree.

    Attributes:
        path: the way to it from the root, as in errors: `Sequential[4] > ConcatTable[1]`; '' is the root.
        name: what the module is, as it prints itself: `SpatialConvolution(3 -> 16, 3x3)`.
        kind: its class: `SpatialConvolution`.
        parent: the number of the node above; -1 at the root.
        index: its place in the parent, from 0.
        parameters: how many numbers it learns itself.
    """

    path: str
    name: str
    kind: str
    parent: int
    index: int
    parameters: int

    @property
    def short(self) -> str:
        """The path in numbers alone, `4.1`."""
        return '.'.join(re.findall(r'\[(\d+)\]', self.path))

    @property
    def where(self) -> str:
        """Path and name in one."""
        return f'{self.path} > {self.name}' if self.path else self.name


def tree_of(net: Any) -> list[Node]:
    """Return the nodes of a network, each container before what it holds, in order. A shared module has several.

    >>> from nnlite import nn
    >>> net = nn.Sequential().add(nn.Linear(2, 3)).add(nn.Sequential().add(nn.ReLU()))
    >>> [(node.path, node.kind) for node in tree_of(net)]  # doctest: +NORMALIZE_WHITESPACE
    [('', 'Sequential'), ('Sequential[1]', 'Linear'), ('Sequential[2]', 'Sequential'),
     ('Sequential[2] > Sequential[1]', 'ReLU')]
    """
    return [node for node, _ in places_of(net)]


def places_of(net: Any) -> list[tuple[Node, Any]]:
    """Return the nodes of a network, each with its module."""
    places: list[tuple[Node, Any]] = []

    def visit(module: Any, path: str, parent: int, index: int) -> None:
        below = getattr(module, 'modules', [])
        own = 0 if below else sum(weight.size for weight in module.parameters()[0])
        number = len(places)
        places.append((Node(path, module._name(), type(module).__name__, parent, index, own), module))
        for place, child in enumerate(below):
            step = f'{type(module).__name__}[{place + 1}]'
            visit(child, f'{path} > {step}' if path else step, number, place)

    visit(net, '', -1, 0)
    return places


def children_of(nodes: list[Node]) -> list[list[int]]:
    """Return for each node the numbers of those directly below it, in order."""
    below: list[list[int]] = [[] for _ in nodes]
    for number, node in enumerate(nodes):
        if node.parent >= 0:
            below[node.parent].append(number)
    return below
