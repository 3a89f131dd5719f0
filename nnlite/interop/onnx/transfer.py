"""Transfer functions, and what else has a number for each number that comes."""

from typing import Any

from nnlite import nn
from nnlite.interop.onnx.graph import Graph, Value, static
from nnlite.interop.onnx.rules import CannotError, Rule, container, layer
from nnlite.tensor.devices import is_array
from nnlite.tensor.dimensions import axis_of


def _as(op: str) -> Rule:
    """Return the rule of a layer that is one of ONNX's operations."""
    return lambda graph, module, x, out: graph.node(op, x)


for _class, _op in (
    (nn.Abs, 'Abs'), (nn.Exp, 'Exp'), (nn.Log, 'Log'), (nn.Sigmoid, 'Sigmoid'), (nn.Sqrt, 'Sqrt'), (nn.Tanh, 'Tanh'),
    (nn.SoftSign, 'Softsign'),
):  # fmt: skip
    layer(_class)(_as(_op))


@layer(nn.ReLU, nn.Threshold)
def _threshold(graph: Graph, module: Any, x: Value, out: Value) -> str:
    if module.threshold == module.val == 0:
        return graph.node('Relu', x)
    return graph.node('Where', graph.node('Greater', x, float(module.threshold)), x, float(module.val))


@layer(nn.HardTanh, nn.Clamp, nn.ReLU6)
def _clip(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Clip', x, float(module.min_val), float(module.max_val))


@layer(nn.ELU)
def _elu(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Elu', x, alpha=float(module.alpha))


@layer(nn.LeakyReLU)
def _leaky_relu(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('LeakyRelu', x, alpha=float(module.negval))


@layer(nn.RReLU)
def _rrelu(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('LeakyRelu', x, alpha=(module.lower + module.upper) / 2)


@layer(nn.PReLU)
def _prelu(graph: Graph, module: Any, x: Value, out: Value) -> str:
    planes = max(module.nOutputPlane, 1)
    shape = (planes,) + (1,) * (x.ndim - 2) if x.ndim > 1 else (planes,)
    return graph.node('PRelu', x, graph.constant('weight', module.weight.reshape(shape)))


@layer(nn.HardShrink)
def _hard_shrink(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Shrink', x, lambd=float(module._bound()), bias=0.0)


@layer(nn.SoftShrink)
def _soft_shrink(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Shrink', x, lambd=float(module._bound()), bias=float(module._bound()))


@layer(nn.TanhShrink)
def _tanh_shrink(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Sub', x, graph.node('Tanh', x))


@layer(nn.SoftPlus)
def _soft_plus(graph: Graph, module: Any, x: Value, out: Value) -> str:
    # beyond its threshold nn.SoftPlus is the identity, from which this is not to be told apart there
    if module.beta == 1:
        return graph.node('Softplus', x)
    return graph.node('Div', graph.node('Softplus', graph.node('Mul', x, float(module.beta))), float(module.beta))


@layer(nn.LogSigmoid)
def _log_sigmoid(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Neg', graph.node('Softplus', graph.node('Neg', x)))


@layer(nn.SoftMax, nn.SpatialSoftMax)
def _soft_max(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Softmax', x, axis=1 - x.ndim % 2)


@layer(nn.SoftMin)
def _soft_min(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Softmax', graph.node('Neg', x), axis=1 - x.ndim % 2)


@layer(nn.LogSoftMax, nn.SpatialLogSoftMax)
def _log_soft_max(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('LogSoftmax', x, axis=1 - x.ndim % 2)


@layer(nn.Square)
def _square(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Mul', x, x)


@layer(nn.Power)
def _power(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Pow', x, float(module.pow))


@layer(nn.CReLU)
def _crelu(graph: Graph, module: Any, x: Value, out: Value) -> str:
    both = graph.node('Concat', x, graph.node('Neg', x), axis=x.ndim - module.nInputDims)
    return graph.node('Relu', both)


@layer(nn.GatedLinearUnit)
def _gated(graph: Graph, module: Any, x: Value, out: Value) -> str:
    axis = axis_of(-1 if module.dim is None else module.dim, x.ndim, module)
    static(x, axis)
    values, gates = graph.several('Split', 2, x, axis=axis, num_outputs=2)
    return graph.node('Mul', values, graph.node('Sigmoid', gates))


# numbers that are added, or by which one multiplies


@layer(nn.MulConstant)
def _times(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Mul', x, graph.constant('constant_scalar', float(module.constant_scalar)))


@layer(nn.AddConstant)
def _plus(graph: Graph, module: Any, x: Value, out: Value) -> str:
    constant = module.constant_scalar
    number = constant.astype(module.dtype) if is_array(constant) else float(constant)
    return graph.node('Add', x, graph.constant('constant_scalar', number))


@layer(nn.Mul, nn.CMul)
def _weighted(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Mul', x, _along(graph, module, 'weight', x))


@layer(nn.Add, nn.CAdd)
def _biased(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Add', x, _along(graph, module, 'bias', x))


def _along(graph: Graph, module: Any, name: str, x: Value) -> str:
    """Return a parameter in the shape in which it goes along with x."""
    parameter = getattr(module, name)
    shapes = {tuple(module._shape_along(parameter, _Shaped(shape))) for shape in x.shapes}
    if len(shapes) > 1:
        raise CannotError('it fixes the size of the batch')
    return graph.constant(name, parameter.reshape(shapes.pop()))


class _Shaped:
    """What nn.Add and its like ask an input for."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.ndim, self.size = shape, len(shape), 1
        for size in shape:
            self.size *= size


# what is random in training


@container(nn.Dropout)
def _dropout(graph: Graph, module: Any, x: Value) -> Value:
    _expect_certain(module)
    return x if module.v2 else _scaled(graph, module, x)


@container(nn.SpatialDropout, nn.VolumetricDropout)
def _planes_dropped(graph: Graph, module: Any, x: Value) -> Value:
    _expect_certain(module)
    return _scaled(graph, module, x)


def _expect_certain(module: Any) -> None:
    if module.stochastic_inference:
        raise CannotError('it draws random numbers in evaluation too (stochasticInference)')


def _scaled(graph: Graph, module: Any, x: Value) -> Value:
    return graph.value(graph.node('Mul', x, 1.0 - module.p), x.shapes, x.dtype)


@layer(nn.WhiteNoise)
def _white_noise(graph: Graph, module: Any, x: Value, out: Value) -> str:
    return graph.node('Add', x, float(module.mean)) if module.mean else x.name
