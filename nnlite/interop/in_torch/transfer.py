"""Transfer functions. What works in place in Torch does not here: the numbers are the same."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn
from nnlite.interop.in_torch.expressions import EXPRESSIONS, Conversion, Operation, expresses

# PyTorch's own, and the fields of ours that its arguments are.
_SAME: dict[type, tuple[Callable[..., torch.nn.Module], tuple[str, ...]]] = {
    nn.ReLU: (torch.nn.ReLU, ()),
    nn.Threshold: (torch.nn.Threshold, ('threshold', 'val')),
    nn.Sigmoid: (torch.nn.Sigmoid, ()),
    nn.Tanh: (torch.nn.Tanh, ()),
    nn.HardTanh: (torch.nn.Hardtanh, ('min_val', 'max_val')),
    nn.Clamp: (torch.nn.Hardtanh, ('min_val', 'max_val')),
    nn.ReLU6: (torch.nn.ReLU6, ()),
    nn.HardShrink: (torch.nn.Hardshrink, ('lambda',)),
    nn.SoftShrink: (torch.nn.Softshrink, ('lambda',)),
    nn.SoftPlus: (torch.nn.Softplus, ('beta', 'threshold')),
    nn.SoftSign: (torch.nn.Softsign, ()),
    nn.LogSigmoid: (torch.nn.LogSigmoid, ()),
    nn.TanhShrink: (torch.nn.Tanhshrink, ()),
    nn.ELU: (torch.nn.ELU, ('alpha',)),
    nn.LeakyReLU: (torch.nn.LeakyReLU, ('negval',)),
    nn.RReLU: (torch.nn.RReLU, ('lower', 'upper')),
}


def _same(module: Any, conversion: Conversion) -> torch.nn.Module:
    make, fields = _SAME[type(module)]
    return make(*(getattr(module, field) for field in fields))


EXPRESSIONS.update(dict.fromkeys(_SAME, _same))


@expresses(nn.PReLU)
def _prelu(module: Any, conversion: Conversion) -> torch.nn.Module:
    return conversion.fill(torch.nn.PReLU(module.weight.size, device='meta'), module, 'weight')


def over_classes(x: torch.Tensor, by: Callable[..., torch.Tensor]) -> torch.Tensor:
    """Return by(x, the classes' dimension): the first, or the second where there is a batch (2D and 4D)."""
    return by(x, 1 - x.ndim % 2)


_SOFT = {nn.SoftMax: F.softmax, nn.LogSoftMax: F.log_softmax, nn.SoftMin: F.softmin}
_SOFT |= {nn.SpatialSoftMax: F.softmax, nn.SpatialLogSoftMax: F.log_softmax}


@expresses(*_SOFT)
def _soft(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(over_classes, by=_SOFT[type(module)])


_PLAIN = {nn.Abs: torch.abs, nn.Sqrt: torch.sqrt, nn.Square: torch.square, nn.Exp: torch.exp, nn.Log: torch.log}


def elementwise(x: torch.Tensor, by: Callable[..., torch.Tensor]) -> torch.Tensor:
    """Return by(x)."""
    return by(x)


@expresses(*_PLAIN)
def _plain(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(elementwise, by=_PLAIN[type(module)])


def power(x: torch.Tensor, exponent: float) -> torch.Tensor:
    """Return x^exponent."""
    return x**exponent


@expresses(nn.Power)
def _power(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(power, exponent=module.pow)


def gated(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the first half times the sigmoid of the second."""
    return F.glu(x, dim - 1 if dim > 0 else dim)


@expresses(nn.GatedLinearUnit)
def _gated(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(gated, dim=-1 if module.dim is None else module.dim)


def normalize(x: torch.Tensor, p: float, eps: float) -> torch.Tensor:
    """Return each row divided by its p-norm."""
    if p == math.inf:
        return x / (x.abs().amax(-1, keepdim=True) + eps)
    return x / (x.abs().pow(p).sum(-1, keepdim=True) + eps).pow(1 / p)


@expresses(nn.Normalize)
def _normalize(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(normalize, p=module.p, eps=module.eps)
