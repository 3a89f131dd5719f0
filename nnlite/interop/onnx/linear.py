"""Linear layers, products, angles and distances of vectors, and tables of rows."""

import math
from functools import partial
from typing import Any

import numpy as np

from nnlite import nn
from nnlite.interop.onnx.graph import Graph, Value
from nnlite.interop.onnx.rules import CannotError, container, layer


def _gemm(graph: Graph, x: Value, weight: Any, bias: Any) -> str:
    name, back = graph.batched(x, 2)
    names = [graph.constant('weight', weight)] + ([] if bias is None else [graph.constant('bias', bias)])
    return back(graph.node('Gemm', name, *names, transB=1))


@layer(nn.Linear)
def _linear(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return _gemm(graph, x, module.weight, module.bias)


@layer(nn.LinearWeightNorm)
def _linear_weight_norm(graph: Graph, module: Any, x: Value, out: Value) -> str:
    module.updateWeightMatrix()
    return _gemm(graph, x, module.weight, module.bias)


@layer(nn.PartialLinear)
def _partial_linear(graph: Graph, module: Any, x: Value, out: Value) -> str:
    columns = module._columns()
    bias = None if module.bias is None else module.bias[0, columns]
    return _gemm(graph, x, module.network.get(1).get(2).weight[columns], bias)


@layer(nn.LookupTable)
def _lookup(graph: Graph, module: Any, x: Value, out: Value) -> str:
    module.renorm(np.arange(1, len(module.weight) + 1))  # as each row is when it is looked up
    return graph.node('Gather', graph.constant('weight', module.weight), graph.indices(x, len(module.weight)), axis=0)


@layer(nn.OneHot)
def _one_hot(graph: Graph, module: Any, x: Value, out: Value) -> str:
    values = np.array([0, 1], module.dtype)
    return graph.node('OneHot', graph.indices(x, module.outputSize), [module.outputSize], values, axis=-1)


@layer(nn.SparseLinear)
def _sparse_linear(graph: Graph, module: Any, x: Any, out: Value) -> str:
    rows = graph.constant('weight', np.ascontiguousarray(module.weight.T))
    if isinstance(x, list):
        sums = [graph.node('Unsqueeze', _entries(graph, module, part, rows), [0]) for part in x]
        total = graph.node('Concat', *sums, axis=0) if len(sums) > 1 else sums[0]
    else:
        total = _entries(graph, module, x, rows)
    return graph.node('Add', total, graph.constant('bias', module.bias))


def _entries(graph: Graph, module: Any, x: Value, rows: str) -> str:
    """Return the sum of the weight's rows that the entries (..., entries, 2) name, each times its value."""
    index, number = (graph.node('Gather', x, place, axis=x.ndim - 1) for place in (0, 1))
    graph.entries[x.name] = module.weight.shape[1]
    # an entry whose value is 0 fills up, and may have any index: the first row stands for it
    inside = graph.node('Clip', graph.node('Sub', graph.node('Cast', index, to=np.dtype('int64')), 1), 0, None)
    products = graph.node(
        'Mul', graph.node('Gather', rows, inside, axis=0), graph.node('Unsqueeze', number, [x.ndim - 1])
    )
    return graph.node('ReduceSum', products, [x.ndim - 2], keepdims=0)


@container(nn.IndexLinear)
def _index_linear(graph: Graph, module: Any, x: list[Any]) -> Value:
    module.expect_table(x, len(x) if isinstance(x, list) and len(x) == 3 else 2)
    if module.normalize:
        raise CannotError('it normalizes its values by what it has seen')
    if len(x) == 3:
        raise CannotError('the sizes of its samples are known only when it runs')
    keys, values = x
    rows = graph.constant('weight', module.weight)
    single = isinstance(keys, Value)
    pairs = [(keys, values)] if single else list(zip(keys, values, strict=True))
    sums = []
    for key, value in pairs:
        if key.shapes != value.shapes or key.ndim != 1 or len(set(key.shapes)) > 1:
            raise CannotError('its keys and values are to be vectors of one size, without a batch')
        index = graph.node('Add', graph.whole(key), module.offset)
        graph.counts[key.name] = module.inputSize - module.offset - 1
        products = graph.node('Mul', graph.node('Gather', rows, index, axis=0), graph.node('Unsqueeze', value, [1]))
        sums.append(graph.node('ReduceSum', products, [0], keepdims=0))
    total = sums[0] if single else graph.node('Concat', *(graph.node('Unsqueeze', part, [0]) for part in sums), axis=0)
    shape = (module.outputSize,) if single else (len(sums), module.outputSize)
    return graph.value(graph.node('Add', total, graph.constant('bias', module.bias)), [shape] * 2, module.dtype)


@layer(nn.Kmeans)
def _kmeans(graph: Graph, module: Any, x: Value, out: Value) -> str:
    away = graph.node('Sub', graph.node('Unsqueeze', x, [1]), graph.constant('weight', module.weight))
    nearest = graph.node('ArgMin', graph.node('ReduceSumSquare', away, [2], keepdims=0), axis=1, keepdims=0)
    return graph.node('Add', graph.node('Cast', nearest, to=out.dtype), 1.0)


# products of what comes


@layer(nn.MM)
def _mm(graph: Graph, module: Any, x: list[Value], out: Value) -> str:
    a, b = (
        _transposed(graph, part) if flag else part.name
        for part, flag in zip(x, (module.transA, module.transB), strict=True)
    )
    return graph.node('MatMul', a, b)


@layer(nn.MV)
def _mv(graph: Graph, module: Any, x: list[Value], out: Value) -> str:
    matrix = _transposed(graph, x[0]) if module.trans else x[0]
    return graph.node('Squeeze', graph.node('MatMul', matrix, graph.node('Unsqueeze', x[1], [-1])), [-1])


def _transposed(graph: Graph, x: Value) -> str:
    """Return matrices with their last two dimensions swapped."""
    return graph.node('Transpose', x, perm=[*range(x.ndim - 2), x.ndim - 1, x.ndim - 2])


@layer(nn.Bilinear)
def _bilinear(graph: Graph, module: Any, x: list[Value], out: Value) -> str:
    weight = module.weight  # (outputs, a, b)
    flat = graph.constant('weight', np.ascontiguousarray(weight.transpose(1, 0, 2)).reshape(weight.shape[1], -1))
    rows = graph.node('Reshape', graph.node('MatMul', x[0], flat), [-1, len(weight), weight.shape[2]])
    y = graph.node('Squeeze', graph.node('MatMul', rows, graph.node('Unsqueeze', x[1], [2])), [2])
    return y if module.bias is None else graph.node('Add', y, graph.constant('bias', module.bias))


# angles and distances


def _per_row(graph: Graph, op: str, name: str, x: Value, **attributes: Any) -> str:
    """Return a sum over each row: (N) of (N, D), and (1) of (D)."""
    return graph.node(op, name, [-1], keepdims=int(x.ndim == 1), **attributes)


@layer(nn.DotProduct)
def _dot_product(graph: Graph, module: Any, x: list[Value], out: Value) -> str:
    return _per_row(graph, 'ReduceSum', graph.node('Mul', *x), x[0])


@layer(nn.CosineDistance)
def _cosine_distance(graph: Graph, module: Any, x: list[Value], out: Value) -> str:
    product = _dot_product(graph, module, x, out)
    squares = [graph.node('Add', _per_row(graph, 'ReduceSumSquare', part.name, part), 1e-12) for part in x]
    return graph.node('Div', product, graph.node('Sqrt', graph.node('Mul', *squares)))


@layer(nn.PairwiseDistance)
def _pairwise_distance(graph: Graph, module: Any, x: list[Value], out: Value) -> str:
    away = graph.node('Sub', *x)
    if module.norm in (1, 2):
        return _per_row(graph, f'ReduceL{module.norm}', away, x[0])
    powers = graph.node('Pow', graph.node('Abs', away), float(module.norm))
    return graph.node('Pow', _per_row(graph, 'ReduceSum', powers, x[0]), 1 / module.norm)


@layer(nn.Cosine)
def _cosine(graph: Graph, module: Any, x: Value, out: Value) -> str:
    norms = np.sqrt(np.square(module.weight.astype(np.float64)).sum(axis=1)) + 1e-12
    product = graph.node('MatMul', x, graph.constant('weight', np.ascontiguousarray(module.weight.T)))
    norm = graph.node('Add', graph.node('ReduceL2', x, [-1], keepdims=1), 1e-12)
    return graph.node('Div', graph.node('Div', product, norm), norms)


@layer(nn.Euclidean, nn.WeightedEuclidean)
def _euclidean(graph: Graph, module: Any, x: Value, out: Value) -> str:
    away = graph.node('Sub', graph.node('Unsqueeze', x, [-1]), graph.constant('weight', module.weight))
    if module.diagCov is not None:
        away = graph.node('Mul', away, graph.constant('diagCov', module.diagCov))
    return graph.node('ReduceL2', away, [-2], keepdims=0)


@layer(nn.Normalize)
def _normalize(graph: Graph, module: Any, x: Value, out: Value) -> str:
    reduced = partial(graph.node, keepdims=1)
    if module.p == math.inf:
        norm = graph.node('Add', reduced('ReduceMax', graph.node('Abs', x), [-1]), float(module.eps))
    elif module.p == 2:
        squares = reduced('ReduceSumSquare', x, [-1])
        norm = graph.node('Sqrt', graph.node('Add', squares, float(module.eps)))
    else:
        powers = graph.node('Pow', graph.node('Abs', x), float(module.p))
        norm = graph.node('Add', reduced('ReduceSum', powers, [-1]), float(module.eps))
        norm = graph.node('Pow', norm, 1 / module.p)
    return graph.node('Div', x, norm)
