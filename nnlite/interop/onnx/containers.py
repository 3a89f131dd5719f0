"""Containers and wrappers: what runs modules, and what hands on what comes."""

from typing import Any

import numpy as np

from nnlite import nn
from nnlite.interop.onnx.graph import Graph, Tree, Value, static
from nnlite.interop.onnx.rules import CannotError, container
from nnlite.tensor.dimensions import axis_of
from nnlite.tensor.types import dtype_of


@container(nn.Sequential, nn.LayerNormalization, nn.Maxout, nn.SpatialLPPooling)
def _sequential(graph: Graph, module: Any, x: Tree) -> Tree:
    for index in range(len(module.modules)):
        x = graph.child(module, index, x)
    return x


@container(nn.ConcatTable)
def _concat_table(graph: Graph, module: Any, x: Tree) -> Tree:
    return [graph.child(module, index, x) for index in range(len(module.modules))]


@container(nn.ParallelTable)
def _parallel_table(graph: Graph, module: Any, x: Tree) -> Tree:
    module.expect_table(x, len(module.modules))
    return [graph.child(module, index, part) for index, part in enumerate(x)]


@container(nn.MapTable)
def _map_table(graph: Graph, module: Any, x: Tree) -> Tree:
    module.expect_table(x)
    module._extend(len(x))
    return [graph.child(module, index, part) for index, part in enumerate(x)]


@container(nn.Concat)
def _concat(graph: Graph, module: Any, x: Tree) -> Value:
    module._expect_modules()
    return joined(graph, module, _concat_table(graph, module, x), module.dimension)


@container(nn.DepthConcat)
def _depth_concat(graph: Graph, module: Any, x: Tree) -> Value:
    parts = _concat_table(graph, module, x)
    axis = axis_of(module.dimension, parts[0].ndim, module)
    others = [other for other in range(1, parts[0].ndim) if other != axis]
    most = {other: max(static(part, other) for part in parts) for other in others}
    padded = []
    for part in parts:
        front, behind = [0] * part.ndim, [0] * part.ndim
        for other in others:
            missing = most[other] - static(part, other)
            front[other], behind[other] = missing // 2, missing - missing // 2
        shapes = [tuple(most.get(place, size) for place, size in enumerate(shape)) for shape in part.shapes]
        name = graph.node('Pad', part, [*front, *behind]) if any(front + behind) else part.name
        padded.append(graph.value(name, shapes, part.dtype))
    return joined(graph, module, padded, module.dimension)


@container(nn.Parallel)
def _parallel(graph: Graph, module: Any, x: Value) -> Value:
    axis = axis_of(module.inputDimension, x.ndim, module)
    count = static(x, axis)
    if count > len(module.modules):
        raise CannotError(f'its input has {count} slices for {len(module.modules)} modules')
    shapes = [shape[:axis] + shape[axis + 1 :] for shape in x.shapes]
    parts = [graph.value(graph.node('Gather', x, place, axis=axis), shapes, x.dtype) for place in range(count)]
    return joined(graph, module, [graph.child(module, *pair) for pair in enumerate(parts)], module.outputDimension)


def joined(graph: Graph, module: Any, parts: list[Value], dimension: int, nInputDims: int | None = None) -> Value:
    """Return arrays joined along a dimension, counted from 1."""
    axis = axis_of(dimension, parts[0].ndim, module, nInputDims)
    shapes = []
    for alike in zip(*(part.shapes for part in parts), strict=True):
        module_shape = list(alike[0])
        module_shape[axis] = sum(shape[axis] for shape in alike)
        shapes.append(tuple(module_shape))
    return graph.value(graph.node('Concat', *parts, axis=axis), shapes, parts[0].dtype)


@container(nn.Decorator, nn.NaN, nn.Profile, nn.GPU, nn.DataParallelTable)
def _decorator(graph: Graph, module: Any, x: Tree) -> Tree:
    return graph.child(module, 0, x)


@container(nn.WeightNorm)
def _weight_norm(graph: Graph, module: Any, x: Tree) -> Tree:
    module.updateWeight()
    return graph.child(module, 0, x)


@container(nn.DontCast)
def _dont_cast(graph: Graph, module: Any, x: Tree) -> Tree:
    if module.castin:
        x = _cast(graph, x, dtype_of(module.moduleType))
    x = graph.child(module, 0, x)
    return _cast(graph, x, module.dtype) if module.castout else x


@container(nn.Copy)
def _copy(graph: Graph, module: Any, x: Tree) -> Tree:
    return x if module.passes else _cast(graph, x, dtype_of(module.outtype))


def _cast(graph: Graph, tree: Tree, dtype: np.dtype[Any]) -> Tree:
    if isinstance(tree, dict):
        return {key: _cast(graph, part, dtype) for key, part in tree.items()}
    if isinstance(tree, list):
        return [_cast(graph, part, dtype) for part in tree]
    return tree if tree.dtype == dtype else graph.value(graph.node('Cast', tree, to=dtype), tree.shapes, dtype)


@container(nn.Bottle)
def _bottle(graph: Graph, module: Any, x: Tree) -> Tree:
    if not isinstance(x, Value) or x.ndim <= module.nInputDim:
        return graph.child(module, 0, x)
    front = x.ndim - module.nInputDim
    fused = [(int(np.prod(shape[: front + 1])), *shape[front + 1 :]) for shape in x.shapes]
    y = graph.child(module, 0, graph.value(graph.reshape(x, fused), fused, x.dtype))
    if y.ndim != module.nOutputDim:
        raise CannotError(f'the module inside gives {y.ndim} dimensions, not {module.nOutputDim}')
    pairs = zip(x.shapes, y.shapes, strict=True)
    shapes = [(*before[:front], after[0] // int(np.prod(before[:front])), *after[1:]) for before, after in pairs]
    return graph.value(graph.reshape(y, shapes), shapes, y.dtype)


@container(nn.Convert)
def _convert(graph: Graph, module: Any, x: Value) -> Value:
    single, batch = x.ndim < module.nInputDim, module.inputBatchDim - 1
    if single:
        shapes = [(*shape[:batch], 1, *shape[batch:]) for shape in x.shapes]
        x = graph.value(graph.node('Unsqueeze', x, [batch]), shapes, x.dtype)
    if not module.modules:
        module.add(module._converter(np.empty(x.shapes[0], x.dtype)).type(module.type()))
    y = graph.child(module, 0, x)
    if single and y.ndim > 1:
        axis = module.outputBatchDim - 1
        shapes = [shape[:axis] + shape[axis + 1 :] for shape in y.shapes]
        y = graph.value(graph.node('Squeeze', y, [axis]), shapes, y.dtype)
    return y


@container(nn.gModule)
def _g_module(graph: Graph, module: Any, x: Tree) -> Tree:
    if module.nInputs > 1:
        module.expect_table(x, module.nInputs)
    values: list[Tree] = []
    for node in module.nodes:
        given = [x] if len(values) == module._innode else [values[source] for source in node['sources']]
        part = given[0] if len(given) == 1 else given
        if node['selectindex'] is not None:
            part = part[node['selectindex'] - 1]
        elif node['module'] is not None:
            part = graph.child(module, node['module'], part)
        values.append(part)
    return values[-1]


@container(
    nn.Identity, nn.PrintSize, nn.GradientReversal, nn.ZeroGrad, nn.L1Penalty, nn.Contiguous
)  # fmt: skip
def _identity(graph: Graph, module: Any, x: Tree) -> Tree:
    return x
