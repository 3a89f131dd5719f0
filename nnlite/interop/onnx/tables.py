"""Modules that take or give tables."""

from functools import reduce
from typing import Any

from nnlite import nn
from nnlite.errors import ShapeError
from nnlite.interop.onnx.containers import joined
from nnlite.interop.onnx.graph import Graph, Tree, Value, static
from nnlite.interop.onnx.rules import Rule, container, layer
from nnlite.nn.table import leaves
from nnlite.tensor.dimensions import axis_of


def _chain(op: str) -> Rule:
    """Return the rule of a layer that joins the parts of a table one by one, by one of ONNX's operations."""
    return lambda graph, module, x, out: reduce(lambda total, part: graph.node(op, total, part), x[1:], x[0].name)


for _class, _op in (
    (nn.CAddTable, 'Add'), (nn.CMulTable, 'Mul'), (nn.CMaxTable, 'Max'), (nn.CMinTable, 'Min'),
):  # fmt: skip
    layer(_class)(_chain(_op))


@layer(nn.CSubTable)
def _subtract(graph: Graph, module: Any, x: list[Value], out: Value) -> str:
    first, second = x
    if first.shapes == second.shapes:
        return graph.node('Sub', first, second)
    return graph.node('Sub', first, graph.node('Reshape', second, graph.node('Shape', first)))


@layer(nn.CDivTable)
def _divide(graph: Graph, module: Any, x: list[Value], out: Value) -> str:
    return graph.node('Div', *x)


@layer(nn.CAddTensorTable)
def _add_to_each(graph: Graph, module: Any, x: list[Any], out: list[Value]) -> list[str]:
    return [graph.node('Add', part, x[0]) for part in x[1]]


@layer(nn.JoinTable)
def _join(graph: Graph, module: Any, x: list[Value], out: Value) -> Value:
    return joined(graph, module, x, module.dimension, module.nInputDims)


@container(nn.SplitTable)
def _split(graph: Graph, module: Any, x: Value) -> list[Value]:
    axis = axis_of(module.dimension, x.ndim, module, module.nInputDims)
    shapes = [shape[:axis] + shape[axis + 1 :] for shape in x.shapes]
    names = [graph.node('Gather', x, place, axis=axis) for place in range(static(x, axis))]
    return [graph.value(name, shapes, x.dtype) for name in names]


@container(nn.SelectTable)
def _select(graph: Graph, module: Any, x: Tree) -> Tree:
    return x[module._place(x)]


@container(nn.NarrowTable)
def _narrow(graph: Graph, module: Any, x: list[Tree]) -> list[Tree]:
    module.expect_table(x)
    if len(x) < module._part().stop:
        raise ShapeError(f'expected a table of {module._part().stop} or more, got {len(x)}', where=module._name())
    return x[module._part()]


@container(nn.FlattenTable)
def _flatten(graph: Graph, module: Any, x: list[Tree]) -> list[Value]:
    module.expect_table(x)
    return leaves(x)


@container(nn.ZipTable)
def _zip_table(graph: Graph, module: Any, x: list[list[Tree]]) -> list[list[Tree]]:
    module.expect_table(x)
    for part in x:
        module.expect_table(part, len(x[0]))
    return [list(column) for column in zip(*x, strict=True)]


@container(nn.ZipTableOneToMany)
def _zip_one_to_many(graph: Graph, module: Any, x: list[Tree]) -> list[list[Tree]]:
    module.expect_table(x, 2)
    module.expect_table(x[1])
    return [[x[0], other] for other in x[1]]


@layer(nn.MixtureTable)
def _mixture(graph: Graph, module: Any, x: list[Any], out: Value) -> str:
    gates, experts = x
    last = gates.ndim - 1
    if isinstance(experts, list):
        rest = [[*range(last, expert.ndim)] for expert in experts]
        columns = [graph.node('Gather', gates, place, axis=last) for place in range(len(experts))]
        spread = [graph.node('Unsqueeze', *pair) if pair[1] else pair[0] for pair in zip(columns, rest, strict=True)]
        return reduce(
            lambda total, part: graph.node('Add', total, part),
            [graph.node('Mul', *pair) for pair in zip(spread, experts, strict=True)],
        )
    axis = axis_of(module.dim or gates.ndim, experts.ndim, module)
    axes = [place for place in range(last, experts.ndim) if place != axis]
    spread_gates = graph.node('Unsqueeze', gates, axes) if axes else gates
    return graph.node('ReduceSum', graph.node('Mul', spread_gates, experts), [axis], keepdims=0)
