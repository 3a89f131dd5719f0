"""Pooling, its opposite, up-sampling, and borders around maps."""

import math
from typing import Any

import numpy as np

from nnlite import nn
from nnlite.interop.onnx.convolution import maps_of
from nnlite.interop.onnx.graph import Graph, Value, static
from nnlite.interop.onnx.rules import CannotError, container, layer
from nnlite.kernels.on_numpy.adaptive_pooling import _exact, _sides, _single


def _space(module: Any, x: Value) -> list[int]:
    """Return the sizes of the sides of maps."""
    sides = len(module.sides)
    first = x.ndim - sides - (module.axis == 2)
    return [static(x, axis) for axis in range(first, first + sides)]


def _ends(module: Any, x: Value, out: Value) -> list[int]:
    """Return how many pixels stand behind each side, so that as many windows fit as the module has."""
    kernel, stride, padding = module._geometry()
    if not module.ceil_mode:
        return list(padding)
    reach = [(size - 1) * gap + 1 for size, gap in zip(kernel, module._each('dilation'), strict=True)]
    sides = zip(_space(module, out), reach, stride, _space(module, x), padding, strict=True)
    ends = [max((count - 1) * step + span - size - pad, 0) for count, span, step, size, pad in sides]
    if any(end >= span for end, span in zip(ends, reach, strict=True)):
        raise CannotError('a window lies beyond the border: use floor()')
    return ends


@layer(
    nn.SpatialMaxPooling, nn.SpatialDilatedMaxPooling, nn.VolumetricMaxPooling, nn.VolumetricDilatedMaxPooling,
    nn.TemporalMaxPooling,
)  # fmt: skip
def _max_pooling(graph: Graph, module: Any, x: Value, out: Value) -> str:
    kernel, stride, padding = (list(sizes) for sizes in module._geometry())
    dilation = list(module._each('dilation'))
    ends = _ends(module, x, out)
    maps, back = maps_of(graph, module, x)
    if any(end >= size for end, size in zip(ends, kernel, strict=True)):  # which no runtime takes: dilated windows do
        maps = graph.node('Pad', maps, [*[0] * (2 + len(kernel)), 0, 0, *ends], -math.inf)
        ends = [0] * len(kernel)
    # the second output is for those who ask for it, as nn.SpatialMaxUnpooling does; else it is dropped in the end
    y, places = graph.several(
        'MaxPool', 2, maps, kernel_shape=kernel, strides=stride, pads=[*padding, *ends],
        dilations=dilation if max(dilation) > 1 else None,
    )  # fmt: skip
    graph.pooled[id(module)] = x, out, maps, places
    return back(y)


@container(nn.SpatialMaxUnpooling, nn.VolumetricMaxUnpooling)
def _max_unpooling(graph: Graph, module: Any, x: Value) -> Value:
    if id(module.pooling) not in graph.pooled:
        raise CannotError('its pooling does not run before it')
    before, after, pooled, places = graph.pooled[id(module.pooling)]
    if x.shapes != after.shapes:
        raise CannotError(f'its input is {x.shapes[0]}, but its pooling gives {after.shapes[0]}')
    kernel, stride, padding = (list(sizes) for sizes in module.pooling._geometry())
    maps, back = maps_of(graph, module, x)
    sizes, pads = graph.node('Shape', pooled), [*padding, *_ends(module.pooling, before, after)]
    y = back(graph.node('MaxUnpool', maps, places, sizes, kernel_shape=kernel, strides=stride, pads=pads))
    return graph.value(y, before.shapes, x.dtype)


@layer(nn.SpatialAveragePooling, nn.VolumetricAveragePooling)
def _average_pooling(graph: Graph, module: Any, x: Value, out: Value) -> str:
    kernel, stride, padding = (list(sizes) for sizes in module._geometry())
    maps, back = maps_of(graph, module, x)
    y = graph.node(
        'AveragePool', maps, kernel_shape=kernel, strides=stride, pads=[*padding, *_ends(module, x, out)],
        count_include_pad=1,
    )  # fmt: skip
    # That divides by all of a window's pixels. Where a window hangs over the border Torch counts fewer, ONNX's
    # runtimes have never agreed on how many, and so the factor is written out.
    counts = np.ones(())
    for count, size, side, step, pad in zip(
        _space(module, out), kernel, _space(module, x), stride, padding, strict=True
    ):
        begin = np.arange(count) * step - pad
        end = np.minimum(begin + size, side + pad)
        if not module.count_include_pad:
            begin, end = np.maximum(begin, 0), np.minimum(end, side)
        counts = np.multiply.outer(counts, end - begin)
    factors = math.prod(kernel) / counts
    if getattr(module, 'divide', True) is False:
        factors = factors * math.prod(kernel)
    if (factors != 1).any():
        y = graph.node('Mul', y, factors)
    return back(y)


@layer(nn.SpatialAdaptiveAveragePooling)
def _adaptive_average_pooling(graph: Graph, module: Any, x: Value, out: Value) -> str:
    maps, back = maps_of(graph, module, x)
    if (module.H, module.W) == (1, 1):
        return back(graph.node('GlobalAveragePool', maps))
    height, width = _space(module, x)
    rows, columns = _means(module.H, height), _means(module.W, width)
    return back(graph.node('MatMul', graph.node('MatMul', rows, maps), columns.T.copy()))


def _means(count: int, size: int) -> np.ndarray:
    """Return the matrix (count, size) of which each row takes the mean of one window."""
    matrix = np.zeros((count, size))
    for row, (begin, end) in zip(matrix, _sides(count, size, _exact), strict=True):
        row[begin:end] = 1 / (end - begin)
    return matrix


@layer(nn.SpatialAdaptiveMaxPooling)
def _adaptive_max_pooling(graph: Graph, module: Any, x: Value, out: Value) -> str:
    maps, back = maps_of(graph, module, x)
    if (module.H, module.W) == (1, 1):
        return back(graph.node('GlobalMaxPool', maps))
    for axis, count, size in zip((2, 3), (module.H, module.W), _space(module, x), strict=True):
        sides = _sides(count, size, _single)
        longest = max(end - begin for begin, end in sides)
        # a shorter window has its last pixel more than once, which makes nothing larger
        places = [[min(begin + place, end - 1) for place in range(longest)] for begin, end in sides]
        maps = graph.node('ReduceMax', graph.node('Gather', maps, places, axis=axis), [axis + 1], keepdims=0)
    return back(maps)


@layer(nn.TemporalDynamicKMaxPooling)
def _largest_frames(graph: Graph, module: Any, x: Value, out: Value) -> str:
    axis = x.ndim - 2
    static(x, axis)
    count = static(out, axis)
    _, frames = graph.several('TopK', 2, x, [count], axis=axis, largest=1, sorted=1)
    in_order, _ = graph.several('TopK', 2, frames, [count], axis=axis, largest=0, sorted=1)
    return graph.node('GatherElements', x, in_order, axis=axis)


@layer(nn.FeatureLPPooling)
def _feature_norm(graph: Graph, module: Any, x: Value, out: Value) -> str:
    axis = int(module.batch_mode)
    static(x, axis)
    groups = np.arange(static(out, axis))[:, None] * module.stride + np.arange(module.width)
    # as in Torch powers and their sums are of double precision
    wide = graph.node('Cast', graph.node('Gather', x, groups, axis=axis), to=np.dtype('float64'))
    sums = graph.node('ReduceSum', graph.node('Pow', wide, _wide(graph, module.power)), [axis + 1], keepdims=0)
    return graph.node('Cast', graph.node('Pow', sums, _wide(graph, 1 / module.power)), to=x.dtype)


def _wide(graph: Graph, number: float) -> str:
    return graph.node('Cast', float(number), to=np.dtype('float64'))


# up-sampling


@layer(nn.SpatialUpSamplingNearest, nn.SpatialUpSamplingBilinear, nn.UpSampling)
def _up_sampling(graph: Graph, module: Any, x: Value, out: Value) -> str:
    sides = x.ndim - 2 if isinstance(module, nn.UpSampling) else 2
    maps, back = graph.batched(x, sides + 2)
    sizes = [static(out, axis) for axis in range(out.ndim - sides, out.ndim)]
    if module.mode == 'nearest':
        how = dict(mode='nearest', coordinate_transformation_mode='asymmetric', nearest_mode='floor')
    else:
        how = dict(mode='linear', coordinate_transformation_mode='align_corners')
    return back(graph.node('Resize', maps, None, None, sizes, axes=[*range(2, sides + 2)], **how))


# borders


@layer(
    nn.SpatialZeroPadding, nn.SpatialReflectionPadding, nn.SpatialReplicationPadding, nn.VolumetricReplicationPadding
)  # fmt: skip
def _border(graph: Graph, module: Any, x: Value, out: Value) -> str:
    """What is cropped is cropped from the padded map."""
    pads = module._pads()
    axes = [*range(x.ndim - len(pads), x.ndim)]
    before = [0] * (x.ndim - len(pads))
    front, behind = ([max(pad[end], 0) for pad in pads] for end in (0, 1))
    name = x.name
    if any(front + behind):
        mode = {'zero': 'constant', 'reflection': 'reflect', 'replication': 'edge'}[module.border]
        name = graph.node('Pad', x, [*before, *front, *before, *behind], mode=mode)
    if min(map(min, pads)) < 0:
        begins = [max(-first, 0) for first, _ in pads]
        ends = [last if last < 0 else np.iinfo(np.int64).max for _, last in pads]
        name = graph.node('Slice', name, begins, ends, axes)
    return name
