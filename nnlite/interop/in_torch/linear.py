"""Linear layers, products, angles and distances."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn
from nnlite.interop.in_torch.expressions import Conversion, Operation, expresses, tensor


def _of(module: Any, conversion: Conversion, *names: str) -> dict[str, torch.nn.Parameter | None]:
    return {name: conversion.parameter(getattr(module, name)) for name in names}


@expresses(nn.Linear)
def _linear(module: Any, conversion: Conversion) -> torch.nn.Module:
    outputs, inputs = module.weight.shape
    made = torch.nn.Linear(inputs, outputs, bias=module.bias is not None, device='meta')
    return conversion.fill(made, module)


class LookupTable(torch.nn.Embedding):
    """An embedding whose indices count from 1, as Torch's."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the row for each index."""
        return super().forward(x.long() - 1)


@expresses(nn.LookupTable)
def _lookup_table(module: Any, conversion: Conversion) -> torch.nn.Module:
    padding = module.paddingValue - 1 if module.paddingValue > 0 else None
    norm = {'max_norm': module.maxNorm or None, 'norm_type': module.normType or 2}
    by_frequency = bool(module.shouldScaleGradByFreq)
    made = LookupTable(*module.weight.shape, padding, **norm, scale_grad_by_freq=by_frequency, device='meta')
    return conversion.fill(made, module, 'weight')


def linear_weight_norm(
    x: torch.Tensor, v: torch.Tensor, g: torch.Tensor, bias: torch.Tensor | None, eps: float
) -> torch.Tensor:
    """Return W x + b with W = g v / ||v||, row by row."""
    return F.linear(x, g * v / v.norm(dim=1, keepdim=True).clamp(min=eps), bias)


@expresses(nn.LinearWeightNorm)
def _linear_weight_norm(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(linear_weight_norm, _of(module, conversion, 'v', 'g', 'bias'), eps=module.eps)


def partial_linear(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, columns: torch.Tensor
) -> torch.Tensor:
    """Return the chosen outputs of W x + b."""
    return F.linear(x, weight[columns], None if bias is None else bias[0, columns])


@expresses(nn.PartialLinear)
def _partial_linear(module: Any, conversion: Conversion) -> torch.nn.Module:
    weight = conversion.parameter(module.network.get(1).get(2).weight)
    parameters = {'weight': weight, 'bias': conversion.parameter(module.bias)}
    return Operation(partial_linear, parameters, {'columns': tensor(module.partition).long() - 1})


class Bilinear(torch.nn.Bilinear):
    """y_k = a W_k b + c_k, for a list of a and b."""

    def forward(self, x: list[torch.Tensor]) -> torch.Tensor:
        """Return the outputs."""
        return super().forward(*x)


@expresses(nn.Bilinear)
def _bilinear(module: Any, conversion: Conversion) -> torch.nn.Module:
    outputs, first, second = module.weight.shape
    return conversion.fill(Bilinear(first, second, outputs, module.bias is not None, device='meta'), module)


def cosine(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the cosine of each input and each template."""
    norms = x.norm(dim=-1, keepdim=True) + 1e-12, weight.norm(dim=-1) + 1e-12
    return F.linear(x, weight) / norms[0] / norms[1]


@expresses(nn.Cosine)
def _cosine(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(cosine, _of(module, conversion, 'weight'))


def euclidean(x: torch.Tensor, weight: torch.Tensor, diagCov: torch.Tensor | None = None) -> torch.Tensor:
    """Return the distance of each input from each template."""
    differences = x[..., None] - weight
    return (differences if diagCov is None else differences * diagCov).norm(dim=-2)


@expresses(nn.Euclidean)
def _euclidean(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(euclidean, _of(module, conversion, 'weight'))


@expresses(nn.WeightedEuclidean)
def _weighted_euclidean(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(euclidean, _of(module, conversion, 'weight', 'diagCov'))


def matrices(x: list[torch.Tensor], transA: bool, transB: bool) -> torch.Tensor:
    """Return the product of two matrices."""
    a, b = x
    return (a.mT if transA else a) @ (b.mT if transB else b)


@expresses(nn.MM)
def _matrices(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(matrices, transA=bool(module.transA), transB=bool(module.transB))


def matrix_and_vector(x: list[torch.Tensor], trans: bool) -> torch.Tensor:
    """Return the product of a matrix and a vector."""
    matrix, vector = x
    return ((matrix.mT if trans else matrix) @ vector[..., None])[..., 0]


@expresses(nn.MV)
def _matrix_and_vector(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(matrix_and_vector, trans=bool(module.trans))


def dot(x: list[torch.Tensor]) -> torch.Tensor:
    """Return the dot product of two vectors, row by row."""
    return (x[0] * x[1]).sum(-1, keepdim=x[0].ndim == 1)


@expresses(nn.DotProduct)
def _dot(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(dot)


def cosine_distance(x: list[torch.Tensor]) -> torch.Tensor:
    """Return the cosine of two vectors, row by row."""
    a, b = x
    squares = ((a * a).sum(-1, keepdim=a.ndim == 1) + 1e-12) * ((b * b).sum(-1, keepdim=a.ndim == 1) + 1e-12)
    return dot(x) / squares.sqrt()


@expresses(nn.CosineDistance)
def _cosine_distance(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(cosine_distance)


def pairwise_distance(x: list[torch.Tensor], p: float) -> torch.Tensor:
    """Return the p-norm of a difference, row by row."""
    return (x[0] - x[1]).norm(p, -1, keepdim=x[0].ndim == 1)


@expresses(nn.PairwiseDistance)
def _pairwise_distance(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(pairwise_distance, p=module.norm)


def dense(parts: Any, size: int) -> torch.Tensor:
    """Return a row of `size` numbers for each list of (index, value); indices count from 1."""
    return torch.stack(
        [part.new_zeros(size).index_add(0, part[:, 0].long().clamp(1) - 1, part[:, 1]) for part in parts]
    )


def sparse_linear(x: Any, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Return W x + b, for inputs given by their entries."""
    single = isinstance(x, torch.Tensor) and x.ndim == 2
    output = F.linear(dense([x] if single else x, weight.shape[1]), weight, bias)
    return output[0] if single else output


@expresses(nn.SparseLinear)
def _sparse_linear(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(sparse_linear, _of(module, conversion, 'weight', 'bias'))


def index_linear(x: list[Any], weight: torch.Tensor, bias: torch.Tensor, offset: int) -> torch.Tensor:
    """Return W^T x + b, for inputs given by keys and values."""
    keys, values, *sizes = x
    if sizes:
        keys, values = (part.split(sizes[0].tolist()) for part in (keys, values))
    single = not isinstance(keys, list | tuple)
    pairs = [(keys, values)] if single else zip(keys, values, strict=True)
    outputs = [(weight[key.long() + offset] * value[:, None]).sum(0) + bias for key, value in pairs]
    return outputs[0] if single else torch.stack(outputs)


@expresses(nn.IndexLinear)
def _index_linear(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(index_linear, _of(module, conversion, 'weight', 'bias'), offset=module.offset)


class _Nearest(torch.autograd.Function):
    """The number of the nearest centre; the centres get the gradient of k-means, whatever comes from above."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, centres: torch.Tensor, scale: float) -> torch.Tensor:
        """Return the number, from 1, of the centre that is nearest to each row."""
        nearest = (x[:, None] - centres).square().sum(-1).argmin(1)
        ctx.save_for_backward(x, centres, nearest)
        ctx.scale = scale
        return (nearest + 1).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        """Return zeros for x, and for each centre how far it is from the mean of its rows."""
        x, centres, nearest = ctx.saved_tensors
        mine = F.one_hot(nearest, len(centres)).T.to(x.dtype)
        count = mine.sum(1, keepdim=True)
        return torch.zeros_like(x), ctx.scale * (count * centres - mine @ x) / (count + 1e-7), None


def nearest_centre(x: torch.Tensor, weight: torch.Tensor, scale: float) -> torch.Tensor:
    """Return the number, from 1, of the centre that is nearest to each row."""
    return _Nearest.apply(x, weight, scale)


@expresses(nn.Kmeans)
def _nearest_centre(module: Any, conversion: Conversion) -> torch.nn.Module:
    scale = 1 if module.scale is None else module.scale
    return Operation(nearest_centre, _of(module, conversion, 'weight'), scale=scale)
