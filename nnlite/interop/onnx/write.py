"""A graph as a file."""

import os
from typing import Any

import numpy as np

import nnlite
from nnlite.errors import Error
from nnlite.interop.onnx.graph import Node, Value
from nnlite.interop.onnx.trace import Trace, traced, twin_of
from nnlite.nn.table import leaves
from nnlite.whole_file import whole_file

OPSET = 20  # of onnxruntime 1.17 and later
IR_VERSION = 9  # the format that came with it
MOST = 2**31 - 1  # bytes: a file in one piece cannot hold more

DOCUMENTATION = 'Written by nnlite, in evaluation mode: dropout is off, batch normalization uses running statistics.'


def write_onnx(model: Any, path: str | os.PathLike[str], shape: Any, fixed: bool = False) -> None:
    """Write a network as an ONNX file, for inputs of a shape.

    What it computes is what the network computes in evaluation, in float32. Nodes have the names of the modules'
    places as errors give them (`Sequential[4] > ConcatTable[1]`), parameters those of the state_dict; what hands on
    what it is given, as nn.Identity and nn.Dropout do, leaves no node. The inputs are called `input`, or `input[0]`,
    `input[1]` in a table, and outputs likewise. An input that is used only as indices is int64; indices count from 1,
    as in nnlite. The network stays as it is.

    Args:
        model: an nn.Module, of any type.
        path: the file; it is whole or absent.
        shape: one input's, without the batch, as (3, 32, 32); a list of them for a table, which may hold others.
        fixed: whether `shape` is all of the input's, and the file for inputs of that shape alone. By default a batch N
            of any size comes first. With modules that leave its dimension out for a batch of one, as nn.View(-1) and
            nn.Squeeze() do, the file keeps it.

    >>> import tempfile
    >>> from nnlite import nn
    >>> net = nn.Sequential().add(nn.Linear(4, 3)).add(nn.ReLU(True))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_onnx(net, f'{folder}/net.onnx', (4,))

    Raises:
        Error: the package onnx is missing; the network has modules that ONNX cannot express, which are all named; it is
            too large; the shape is none.
        ShapeError: the network does not take inputs of this shape.
        OSError: the file cannot be written.
    """
    onnx = _onnx()
    with twin_of(model) as twin:
        trace = traced(twin, shape, fixed)
        size = sum(array.nbytes for array in trace.graph.constants.values())
        if size > MOST:
            hint = 'ONNX keeps larger ones beside the file, which nnlite does not write'
            raise Error(f'expected parameters of less than 2 GB, got {size / 2**30:.1f} GB', where=str(path), hint=hint)
        written = _model(onnx, trace, type(twin).__name__).SerializeToString()
    with whole_file(path) as file:
        file.write(written)


def _onnx() -> Any:
    try:
        import onnx
    except ImportError as error:
        message = f'expected the package onnx, which cannot be imported: {error}'
        raise Error(message, hint='pip install nnlite[convert]') from error
    return onnx


def _model(onnx: Any, trace: Trace, name: str) -> Any:
    """Return the ModelProto."""
    graph = trace.graph
    nodes = _used(graph.nodes, {value.name for value in leaves(trace.outputs)})
    named = {taken for node in nodes for taken in node.inputs}
    made = {given for node in nodes for given in node.outputs}
    ends = [[_info(onnx, value) for value in leaves(tree)] for tree in (trace.inputs, trace.outputs)]
    proto = onnx.helper.make_graph(
        [_node(onnx, node, node_name) for node, node_name in zip(nodes, _names(nodes), strict=True)],
        name,
        *ends,
        [_tensor(onnx, array, key) for key, array in graph.constants.items() if key in named],
        value_info=[_info(onnx, value) for key, value in graph.values.items() if key in made],
    )
    return onnx.helper.make_model(
        proto, producer_name='nnlite', producer_version=nnlite.__version__, doc_string=DOCUMENTATION,
        opset_imports=[onnx.helper.make_opsetid('', OPSET)], ir_version=IR_VERSION,
    )  # fmt: skip


def _used(nodes: list[Node], wanted: set[str]) -> list[Node]:
    """Return the nodes that the outputs need, without the places of poolings that nobody takes."""
    used = []
    for node in reversed(nodes):
        if wanted & set(node.outputs):
            wanted |= set(node.inputs)
            while node.op == 'MaxPool' and node.outputs[-1] not in wanted:
                node.outputs.pop()
            used.append(node)
    return used[::-1]


def _names(nodes: list[Node]) -> list[str]:
    """Return a name for each node: the last of a module has its place's, those before say what they do, too."""
    last = {node.place: number for number, node in enumerate(nodes)}
    counts: dict[str, int] = {}
    names = []
    for number, node in enumerate(nodes):
        name = node.place
        if last[node.place] != number:
            name = f'{node.place}: {node.op}'
            counts[name] = counts.get(name, 0) + 1
            name += f' {counts[name]}' if counts[name] > 1 else ''
        names.append(name)
    return names


def _node(onnx: Any, node: Node, name: str) -> Any:
    told = {key: _type(onnx, value) if key == 'to' else value for key, value in node.attributes.items()}
    return onnx.helper.make_node(node.op, node.inputs, node.outputs, name=name, **told)


def _tensor(onnx: Any, array: np.ndarray, name: str) -> Any:
    # not ascontiguousarray, which makes a vector of a number
    return onnx.numpy_helper.from_array(np.array(array, order='C'), name)


def _info(onnx: Any, value: Value) -> Any:
    return onnx.helper.make_tensor_value_info(value.name, _type(onnx, value.dtype), value.dimensions)


def _type(onnx: Any, dtype: np.dtype[Any]) -> int:
    return int(onnx.helper.np_dtype_to_tensor_dtype(dtype))
