"""Which classes can be written as ONNX, and by which function; the files of families put theirs in here.

A class of one's own is added in the same way:

>>> from nnlite import nn
>>> class Half(nn.Module):
...     def updateOutput(self, input):
...         self.output = input / 2
...         return self.output
>>> @layer(Half)
... def half(graph, module, x, out):
...     return graph.node('Mul', x, 0.5)
>>> del LAYERS[Half]
"""

from collections.abc import Callable
from typing import Any

from nnlite import nn
from nnlite.errors import Error

Rule = Callable[..., Any]

# By class. A layer's function is given (graph, module, x, out): what comes in and what goes out, each a Value or a
# table of them; the shapes in `out` are those that the module itself gave. It adds nodes to the graph and returns the
# name of the last one's output, or a table of names.
LAYERS: dict[type, Rule] = {}

# A container's function is given (graph, module, x) and returns the Value, or the table of them, that comes out: what
# its modules gave, or what came in. Nothing runs the module itself.
CONTAINERS: dict[type, Rule] = {}

# What nobody can write, and why.
CANNOT: dict[type, str] = {
    nn.CriterionTable: 'it is a loss',
    nn.SpatialFractionalMaxPooling: 'it draws its windows at random, in evaluation too',
    nn.VolumetricFractionalMaxPooling: 'it draws its windows at random, in evaluation too',
}


class CannotError(Error):
    """A module is used in a way that ONNX cannot express; the message says why."""


def layer(*classes: type) -> Callable[[Rule], Rule]:
    """Say that a function writes layers of these classes."""
    return _entered(LAYERS, classes)


def container(*classes: type) -> Callable[[Rule], Rule]:
    """Say that a function writes containers of these classes."""
    return _entered(CONTAINERS, classes)


def _entered(table: dict[type, Rule], classes: tuple[type, ...]) -> Callable[[Rule], Rule]:
    def enter(rule: Rule) -> Rule:
        table.update(dict.fromkeys(classes, rule))
        return rule

    return enter
