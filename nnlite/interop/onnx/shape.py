"""Modules that move, choose, and add up along a dimension."""

from typing import Any

import numpy as np

from nnlite import nn
from nnlite.interop.onnx.graph import Graph, Value, static
from nnlite.interop.onnx.rules import CannotError, container, layer
from nnlite.tensor.dimensions import axis_of

END = np.iinfo(np.int64).max  # what ONNX takes for the end of a dimension of any size


@layer(nn.View, nn.Reshape, nn.Collapse, nn.Squeeze)
def _reshaped(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.reshape(x, out.shapes)


@layer(nn.Unsqueeze)
def _unsqueeze(graph: Graph, module: Any, x: Value, out: Value) -> str:
    dims = x.ndim if module.numInputDims is None else module.numInputDims
    return graph.node('Unsqueeze', x, [x.ndim - dims + module.pos - 1])


@layer(nn.Transpose)
def _transpose(graph: Graph, module: Any, x: Value, out: Value) -> str:
    order = [*range(x.ndim)]
    for one, other in module._swaps(x.ndim):
        order[one], order[other] = order[other], order[one]
    return graph.node('Transpose', x, perm=order)


@layer(nn.Select)
def _select(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Gather', x, module.index - (module.index > 0), axis=axis_of(module.dimension, x.ndim, module))


@layer(nn.Narrow)
def _narrow(graph: Graph, module: Any, x: Value, out: Value) -> str:
    begin, length = module.index, module.length
    if begin < 0:  # all but the last ones; a length below 0 is counted from the end first, as nn.Narrow does
        first, end = 0, -length if length >= 0 else begin - 2 - length
    elif length < 0:
        first, end = begin - 1, length + 1 or END
    else:
        first, end = begin - 1, begin - 1 + length
    return graph.node('Slice', x, [first], [end], [axis_of(module.dimension, x.ndim, module)])


@layer(nn.Replicate)
def _replicate(graph: Graph, module: Any, x: Value, out: Value) -> str:
    axis = module.dim - 1 + (module.ndim is not None and x.ndim > module.ndim)
    times = [1] * (x.ndim + 1)
    times[axis] = module.nfeatures
    return graph.node('Expand', graph.node('Unsqueeze', x, [axis]), times)


@layer(nn.Padding)
def _padding(graph: Graph, module: Any, x: Value, out: Value) -> str:
    axis = axis_of(module.dim + (module.nInputDim is not None and x.ndim != module.nInputDim), x.ndim, module)
    front, behind = [0] * x.ndim, [0] * x.ndim
    if module.index == 1:
        (behind if module.pad > 0 else front)[axis] = abs(module.pad)
        return graph.node('Pad', x, [*front, *behind], float(module.value))
    place = static(x, axis) - module.index + 1 if module.pad > 0 else module.index - 1
    behind[axis] = abs(module.pad)
    first = graph.node('Pad', graph.node('Slice', x, [0], [place], [axis]), [*front, *behind], float(module.value))
    return graph.node('Concat', first, graph.node('Slice', x, [place], [END], [axis]), axis=axis)


@layer(nn.PixelShuffle)
def _pixel_shuffle(graph: Graph, module: Any, x: Value, out: Value) -> str:
    maps, back = graph.batched(x, 4)
    return back(graph.node('DepthToSpace', maps, blocksize=module.upscaleFactor, mode='CRD'))


@layer(nn.Constant)
def _constant(graph: Graph, module: Any, x: Value, out: Value) -> str:
    value = graph.constant('value', module.value)
    if out.ndim == module.value.ndim:
        return graph.node('Identity', value)
    batch = graph.node('Shape', x, start=0, end=1)
    return graph.node('Expand', value, graph.node('Concat', batch, [*module.value.shape], axis=0))


@layer(nn.Index)
def _index(graph: Graph, module: Any, x: list[Value], out: Value) -> str:
    axis = axis_of(module.dimension, x[0].ndim, module)
    return graph.node('Gather', x[0], graph.indices(x[1], min(shape[axis] for shape in x[0].shapes)), axis=axis)


@container(nn.MaskedSelect)
def _masked_select(graph: Graph, module: Any, x: list[Value]) -> Value:
    """How many elements there are is known only when it runs: whoever needs their number cannot follow."""
    module.expect_table(x, 2)
    array, mask = x
    if array.shapes != mask.shapes:
        raise CannotError(f'its mask is {mask.shapes[0]} for an input {array.shapes[0]}')
    flat = graph.node('Reshape', graph.node('Cast', mask, to=np.dtype('bool')), [-1])
    name = graph.node('Compress', array, flat)
    return graph.value(name, [(5,), (4,)], array.dtype)  # such sizes as no batch gives


# along a dimension


def _reduced(graph: Graph, module: Any, op: str, x: Value, squeeze: bool = True) -> str:
    axis = axis_of(module.dimension, x.ndim, module, module.nInputDims)
    return graph.node(op, x, [axis], keepdims=int(not squeeze or x.ndim == 1))


@layer(nn.Max)
def _largest(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return _reduced(graph, module, 'ReduceMax', x)


@layer(nn.Min)
def _smallest(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return _reduced(graph, module, 'ReduceMin', x)


@layer(nn.Sum, nn.Mean)
def _total(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return _reduced(graph, module, 'ReduceMean' if module.sizeAverage else 'ReduceSum', x, module.squeeze)
