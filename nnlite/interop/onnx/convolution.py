"""Layers that slide a kernel over maps."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite import nn
from nnlite.interop.onnx.graph import Graph, Value, static
from nnlite.interop.onnx.rules import layer


def maps_of(graph: Graph, module: Any, x: Value) -> tuple[str, Callable[[str], str]]:
    """Return an input as a batch of maps (N, C, *space), and what lays a result out as the input was."""
    name, back = graph.batched(x, len(module.sides) + 2)
    if module.axis == 1:
        return name, back
    swapped = graph.node('Transpose', name, perm=[0, 2, 1])
    return swapped, lambda result: back(graph.node('Transpose', result, perm=[0, 2, 1]))


def _convolved(graph: Graph, module: Any, x: str, kernels: Any, bias: Any, op: str = 'Conv', **attributes: Any) -> str:
    """Return the convolution of a batch of maps, in a module's geometry."""
    stride, padding, dilation = module._geometry()
    return graph.node(
        op, x, graph.constant('weight', kernels), None if bias is None else graph.constant('bias', bias),
        kernel_shape=list(module._each('k')), strides=list(stride), pads=[*padding, *padding], dilations=list(dilation),
        **attributes,
    )  # fmt: skip


@layer(
    nn.SpatialConvolution, nn.SpatialConvolutionMM, nn.SpatialDilatedConvolution, nn.VolumetricConvolution,
    nn.VolumetricDilatedConvolution, nn.TemporalConvolution,
)  # fmt: skip
def _convolution(graph: Graph, module: Any, x: Value, out: Value) -> str:
    maps, back = maps_of(graph, module, x)
    return back(_convolved(graph, module, maps, module._kernels(module.weight), module.bias))


@layer(nn.SpatialConvolutionMap)
def _convolution_map(graph: Graph, module: Any, x: Value, out: Value) -> str:
    maps, back = maps_of(graph, module, x)
    return back(_convolved(graph, module, _seen(graph, module, x, maps), _all_pairs(module), module.bias))


@layer(nn.SpatialFullConvolutionMap)
def _full_convolution_map(graph: Graph, module: Any, x: Value, out: Value) -> str:
    maps, back = maps_of(graph, module, x)
    seen = _seen(graph, module, x, maps)
    return back(_convolved(graph, module, seen, _all_pairs(module), module.bias, 'ConvTranspose'))


def _all_pairs(module: Any) -> np.ndarray:
    """Return the kernels of a layer with a connection table, 0 where planes are not connected."""
    return np.array(module._kernels(module.weight))


def _seen(graph: Graph, module: Any, x: Value, maps: str) -> str:
    """Return the planes that the connection table knows: an input may have more."""
    if static(x, x.ndim - 3) == module.nInputPlane:
        return maps
    return graph.node('Slice', maps, [0], [module.nInputPlane], [1])


@layer(nn.SpatialFullConvolution, nn.VolumetricFullConvolution)
def _full_convolution(graph: Graph, module: Any, x: Any, out: Value) -> str:
    """The size of a target beside the input says how large the output is; it is the file's from then on."""
    adj = list(module._adj([None, np.empty(x[1].shapes[0])] if isinstance(x, list) else None))
    maps, back = maps_of(graph, module, x[0] if isinstance(x, list) else x)
    kernels = module._kernels(module.weight)
    return back(_convolved(graph, module, maps, kernels, module.bias, 'ConvTranspose', output_padding=adj))


@layer(nn.SpatialDepthWiseConvolution, nn.TemporalRowConvolution, nn.SpatialSubSampling, nn.TemporalSubSampling)
def _depth_wise(graph: Graph, module: Any, x: Value, out: Value) -> str:
    """ONNX has the output planes of one input plane together, and their kernels likewise."""
    planes = module._planes()[0]
    kernels = module._kernels(module.weight).swapaxes(0, 1).reshape(-1, 1, *module._each('k'))
    bias = module._biases(module.bias)
    maps, back = maps_of(graph, module, x)
    return back(_convolved(graph, module, maps, kernels, None if bias is None else bias.T.reshape(-1), group=planes))


@layer(nn.SpatialConvolutionLocal)
def _local(graph: Graph, module: Any, x: Value, out: Value) -> str:
    """Lay out each output pixel's window, and multiply it by that pixel's own weights."""
    maps, back = maps_of(graph, module, x)
    padding = [0, 0, module.padH, module.padW]
    if any(padding):
        maps = graph.node('Pad', maps, padding * 2)
    rows = np.arange(module.oH)[:, None] * module.dH + np.arange(module.kH)
    columns = np.arange(module.oW)[:, None] * module.dW + np.arange(module.kW)
    windows = graph.node('Gather', graph.node('Gather', maps, rows, axis=2), columns, axis=4)  # (N, C, oH, kH, oW, kW)
    weight = graph.constant('weight', module.weight)  # (oH, oW, nOutputPlane, nInputPlane, kH, kW)
    y = graph.node('Einsum', windows, weight, equation='ncyhxw,yxochw->noyx')
    return back(y if module.bias is None else graph.node('Add', y, graph.constant('bias', module.bias)))
