"""What takes or gives tables: lists of tensors."""

from functools import reduce
from typing import Any

import torch

from nnlite import nn
from nnlite.interop.in_torch.expressions import Conversion, Operation, expresses
from nnlite.tensor.dimensions import axis_of


def joined(x: list[torch.Tensor], dimension: int, nInputDims: int | None) -> torch.Tensor:
    """Return a list's tensors joined along a dimension."""
    return torch.cat(x, axis_of(dimension, x[0].ndim, nInputDims=nInputDims))


@expresses(nn.JoinTable)
def _joined(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(joined, dimension=module.dimension, nInputDims=module.nInputDims)


def split(x: torch.Tensor, dimension: int, nInputDims: int | None) -> list[torch.Tensor]:
    """Return the slices along a dimension."""
    return list(x.unbind(axis_of(dimension, x.ndim, nInputDims=nInputDims)))


@expresses(nn.SplitTable)
def _split(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(split, dimension=module.dimension, nInputDims=module.nInputDims)


def element(x: Any, index: Any) -> Any:
    """Return an element of a list, from 1 or from -1 at the end, or of a dict."""
    return x[index] if isinstance(x, dict) else x[index - (index > 0)]


@expresses(nn.SelectTable)
def _element(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(element, index=module.index)


def part(x: list[Any], offset: int, length: int) -> list[Any]:
    """Return `length` elements of a list, from `offset` on, counted from 1."""
    return x[offset - 1 : offset - 1 + length]


@expresses(nn.NarrowTable)
def _part(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(part, offset=module.offset, length=module.length)


def flattened(x: Any) -> list[Any]:
    """Return the tensors of nested lists as one list."""
    return [leaf for inner in x for leaf in flattened(inner)] if isinstance(x, list) else [x]


@expresses(nn.FlattenTable)
def _flattened(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(flattened)


def added(x: list[Any]) -> Any:
    """Return the sum of a list."""
    return reduce(_sum, x)


def _sum(a: Any, b: Any) -> Any:
    return [_sum(*pair) for pair in zip(a, b, strict=True)] if isinstance(a, list) else a + b


def multiplied(x: list[torch.Tensor]) -> torch.Tensor:
    """Return the product of a list, element by element."""
    return reduce(torch.mul, x)


def subtracted(x: list[torch.Tensor]) -> torch.Tensor:
    """Return the difference of two, the second in the first's shape."""
    return x[0] - x[1].reshape(x[0].shape)


def divided(x: list[torch.Tensor]) -> torch.Tensor:
    """Return the quotient of two."""
    return x[0] / x[1]


def largest(x: list[torch.Tensor]) -> torch.Tensor:
    """Return the largest of a list, element by element; the gradient goes to the first of equal ones."""
    return torch.stack(x).max(0)[0]


def smallest(x: list[torch.Tensor]) -> torch.Tensor:
    """Return the smallest of a list, element by element."""
    return torch.stack(x).min(0)[0]


def added_to_each(x: list[Any]) -> list[torch.Tensor]:
    """Return the first plus each of the others, which are a list."""
    return [x[0] + term for term in x[1]]


def zipped(x: list[list[Any]]) -> list[list[Any]]:
    """Return rows as columns."""
    return [list(column) for column in zip(*x, strict=True)]


def one_to_many(x: list[Any]) -> list[list[Any]]:
    """Return a pair of the first and each of the others, which are a list."""
    return [[x[0], other] for other in x[1]]


_PLAIN = {nn.CAddTable: added, nn.CMulTable: multiplied, nn.CSubTable: subtracted, nn.CDivTable: divided}
_PLAIN |= {nn.CMaxTable: largest, nn.CMinTable: smallest, nn.CAddTensorTable: added_to_each}
_PLAIN |= {nn.ZipTable: zipped, nn.ZipTableOneToMany: one_to_many}


@expresses(*_PLAIN)
def _plain(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(_PLAIN[type(module)])


def mixture(x: list[Any], dim: int | None) -> torch.Tensor:
    """Return the sum of experts, each times its gate."""
    gater, experts = x
    if not isinstance(experts, list):
        experts = experts.unbind(axis_of(dim or gater.ndim, experts.ndim))
    gates = [gate.reshape(*gate.shape, *[1] * (experts[0].ndim - gate.ndim)) for gate in gater.unbind(-1)]
    return reduce(torch.add, [gate * expert for gate, expert in zip(gates, experts, strict=True)])


@expresses(nn.MixtureTable)
def _mixture(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(mixture, dim=module.dim)
