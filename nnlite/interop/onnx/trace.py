"""A network, walked once: what its inputs and outputs are, and the graph between them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

import nnlite
from nnlite import nn
from nnlite.errors import Error, ShapeError
from nnlite.interop.names import learnt, paths
from nnlite.interop.onnx.graph import BATCHES, Graph, Node, StopError, Tree, Value
from nnlite.nn.table import leaves
from nnlite.optnet.fuse import plain
from nnlite.tensor.dimensions import is_whole

HINT = 'replace these modules, or write a function for them, see nnlite.interop.onnx.LAYERS'
BATCH_HINT = (
    'the file can be for one batch: nnlite convert --batch N, write_onnx(model, path, shape with the batch, fixed=True)'
)


@dataclass
class Trace:
    """A network as a graph; inputs and outputs are a Value or a table of them."""

    graph: Graph
    inputs: Tree
    outputs: Tree


@contextmanager
def twin_of(model: Any) -> Iterator[Any]:
    """Give a network like this one, plain, in evaluation, in float32 and on the host; the random stream is kept.

    Raises:
        Error: it is no network, or a number of it is too large for float32.
    """
    if not isinstance(model, nn.Module):
        raise Error(f'expected a network, an nn.Module, got {type(model).__name__}', where='model')
    most = float(np.finfo(np.float32).max)
    for name, array in learnt(model):
        if array.dtype == np.float64 and np.any(np.isfinite(array) & (np.abs(array) > most)):
            raise Error(f'expected numbers of at most {most:.2g}, which float32 can hold, got larger ones', where=name)
    stream = nnlite.getRNGState()
    try:
        yield plain(model.clone()).float().evaluate()
    finally:
        nnlite.setRNGState(stream)


def traced(model: Any, shape: Any, fixed: bool) -> Trace:
    """Return the graph of a network, as twin_of gives it, for inputs of this shape.

    Raises:
        Error: the shape is none, or some modules cannot be written; all that were found are named.
        ShapeError, DtypeError, DataError: the network does not take such an input.
    """
    graph = Graph({id(module): path for path, module in paths(model)})
    given = _inputs(graph, shape, fixed, 'input')
    outputs = None
    with suppress(StopError):
        outputs = graph.run(model, given)
    if graph.refused:
        lines = '\n'.join(f'    {place}: {why}' for place, why in graph.refused)
        hints = [BATCH_HINT] * any('batch' in why for _, why in graph.refused)
        hints += [HINT] * any('batch' not in why for _, why in graph.refused)
        raise Error(f'expected modules that ONNX can express, got others:\n{lines}', hint='; '.join(hints))
    inputs = _typed(graph, given, {value.name for value in leaves(outputs)})
    known = {value.name: value.name for value in leaves(inputs)}
    return Trace(graph, inputs, _named_outputs(graph, outputs, 'output', known))


def _inputs(graph: Graph, shape: Any, fixed: bool, name: str) -> Tree:
    """Return the Values of inputs of these shapes."""
    if isinstance(shape, dict):
        return {key: _inputs(graph, part, fixed, f'{name}[{key!r}]') for key, part in shape.items()}
    if isinstance(shape, list) and not (shape and all(map(is_whole, shape))):
        if not shape:
            raise Error('expected a shape, or a list of them, got an empty list', where='shape')
        return [_inputs(graph, part, fixed, f'{name}[{place}]') for place, part in enumerate(shape)]
    if not isinstance(shape, (list, tuple)) or not all(is_whole(size) and size > 0 for size in shape):
        raise Error(f'expected a shape of whole numbers above 0, as (3, 32, 32), got {shape!r}', where='shape')
    sizes = tuple(map(int, shape))
    if fixed and not sizes:
        raise ShapeError('expected one size or more, got ()', where='shape')
    shapes = [sizes if fixed else (batch, *sizes) for batch in BATCHES]
    return graph.value(name, shapes, np.dtype('float32'))


def _typed(graph: Graph, inputs: Tree, outputs: set[str]) -> Tree:
    """Return the inputs in the type in which they are used: what is only ever taken as whole numbers is such."""
    if isinstance(inputs, dict):
        return {key: _typed(graph, part, outputs) for key, part in inputs.items()}
    if isinstance(inputs, list):
        return [_typed(graph, part, outputs) for part in inputs]
    takers = [node for node in graph.nodes if inputs.name in node.inputs]
    types = {node.attributes['to'] if node.op == 'Cast' else inputs.dtype for node in takers}
    if len(types) != 1 or types == {inputs.dtype} or inputs.name in outputs:
        return inputs
    casts = {node.outputs[0] for node in takers}
    graph.nodes = [node for node in graph.nodes if node not in takers]
    for node in graph.nodes:
        node.inputs = [inputs.name if name in casts else name for name in node.inputs]
    return graph.value(inputs.name, inputs.shapes, types.pop())


def _named_outputs(graph: Graph, outputs: Tree, name: str, known: dict[str, str]) -> Tree:
    """Return the outputs under their names, which the nodes that give them say themselves.

    Args:
        graph: the graph.
        outputs: the output, or a table of them.
        name: what it is called.
        known: what inputs, and outputs that have been named, are called; one of these is copied.
    """
    if isinstance(outputs, dict):
        return {key: _named_outputs(graph, part, f'{name}[{key!r}]', known) for key, part in outputs.items()}
    if isinstance(outputs, list):
        return [_named_outputs(graph, part, f'{name}[{place}]', known) for place, part in enumerate(outputs)]
    if outputs.name in known:
        graph.nodes.append(Node(name, 'Identity', [known[outputs.name]], [name], {}))
    else:
        known[outputs.name] = name
        for node in graph.nodes:
            node.inputs = [name if other == outputs.name else other for other in node.inputs]
            node.outputs = [name if other == outputs.name else other for other in node.outputs]
        graph.values.pop(outputs.name, None)
    return Value(name, outputs.shapes, outputs.dtype)
