"""Modules that normalize."""

from typing import Any

import numpy as np

from nnlite import nn
from nnlite.interop.onnx.graph import Graph, Value, static
from nnlite.interop.onnx.rules import layer


@layer(nn.BatchNormalization, nn.SpatialBatchNormalization, nn.VolumetricBatchNormalization)
def _batch_norm(graph: Graph, module: Any, x: Value, out: Value) -> str:
    mean, var = module.running_mean, module.running_var
    weight = np.ones_like(mean) if module.weight is None else module.weight
    bias = np.zeros_like(mean) if module.bias is None else module.bias
    named = {'weight': weight, 'bias': bias, 'running_mean': mean, 'running_var': var}
    maps, back = graph.batched(x, module.nDim)
    numbers = [graph.constant(name, array) for name, array in named.items()]
    return back(graph.node('BatchNormalization', maps, *numbers, epsilon=float(module.eps)))


@layer(nn.SpatialCrossMapLRN)
def _response_norm(graph: Graph, module: Any, x: Value, out: Value) -> str:
    maps, back = graph.batched(x, 4)
    how = dict(alpha=float(module.alpha), beta=float(module.beta), bias=float(module.k))
    return back(graph.node('LRN', maps, size=int(module.size), **how))


@layer(nn.SpatialSubtractiveNormalization)
def _subtractive(graph: Graph, module: Any, x: Value, out: Value) -> str:
    maps, back = graph.batched(x, 4)
    return back(_without_mean(graph, module, maps, x))


@layer(nn.SpatialDivisiveNormalization)
def _divisive(graph: Graph, module: Any, x: Value, out: Value) -> str:
    maps, back = graph.batched(x, 4)
    return back(_divided(graph, module, maps, x))


@layer(nn.SpatialContrastiveNormalization)
def _contrastive(graph: Graph, module: Any, x: Value, out: Value) -> str:
    maps, back = graph.batched(x, 4)
    first, second = module.normalizer.modules
    return back(_divided(graph, second, _without_mean(graph, first, maps, x), x))


def _without_mean(graph: Graph, module: Any, maps: str, x: Value) -> str:
    return graph.node('Sub', maps, _weighted_mean(graph, module, maps, x))


def _divided(graph: Graph, module: Any, maps: str, x: Value) -> str:
    means, coefficients = _around(graph, module, graph.node('Mul', maps, maps), x)
    deviation = graph.node('Div', graph.node('Sqrt', means), coefficients)
    above = graph.node('Greater', deviation, float(module.threshold))
    return graph.node('Div', maps, graph.node('Where', above, deviation, float(module.thresval)))


def _weighted_mean(graph: Graph, module: Any, maps: str, x: Value) -> str:
    return graph.node('Div', *_around(graph, module, maps, x))


def _around(graph: Graph, module: Any, maps: str, x: Value) -> tuple[str, np.ndarray]:
    """Return the weighted sum around each pixel, over all planes, and how much of the weight lies on the map there."""
    kernel = module.kernel if module.kernel.ndim == 2 else np.outer(module.kernel, module.kernel)
    height, width = kernel.shape
    pads = [height // 2, width // 2] * 2
    sums = graph.node('Conv', maps, np.tile(kernel, (1, module.nInputPlane, 1, 1)), pads=pads)
    ones = np.ones((module.nInputPlane, *(static(x, axis) for axis in (-2, -1))), module.dtype)
    return sums, np.array(module._coefficients(ones))[:1]
