"""What moves, chooses, adds up and scales."""

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn
from nnlite.interop.in_torch.expressions import Conversion, Operation, expresses, mapped, tensor
from nnlite.tensor.devices import is_array
from nnlite.tensor.dimensions import axis_of
from nnlite.tensor.types import dtype_of


@expresses(nn.Identity, nn.PrintSize)
def _identity(module: Any, conversion: Conversion) -> torch.nn.Module:
    return torch.nn.Identity()


def contiguous(x: torch.Tensor) -> torch.Tensor:
    """Return x, in memory where the last dimension runs fastest."""
    return x.contiguous()


@expresses(nn.Contiguous)
def _contiguous(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(contiguous)


def cast(x: Any, dtype: torch.dtype) -> Any:
    """Return x, of any type, in another."""
    return mapped(lambda part: part.to(dtype), x)


@expresses(nn.Copy)
def _copy(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(cast, dtype=getattr(torch, str(dtype_of(module.outtype))))


def scaled(x: torch.Tensor, factor: float) -> torch.Tensor:
    """Return factor * x."""
    return factor * x


@expresses(nn.MulConstant)
def _mul_constant(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(scaled, factor=module.constant_scalar)


def shifted(x: torch.Tensor, constant: Any) -> torch.Tensor:
    """Return x + constant."""
    return x + constant


@expresses(nn.AddConstant)
def _add_constant(module: Any, conversion: Conversion) -> torch.nn.Module:
    if is_array(module.constant_scalar):
        return Operation(shifted, constants={'constant': tensor(module.constant_scalar)})
    return Operation(shifted, constant=module.constant_scalar)


def constant(x: torch.Tensor, value: torch.Tensor, nInputDim: int | None) -> torch.Tensor:
    """Return the value, for each sample of a batch."""
    batch = nInputDim is not None and x.ndim > nInputDim
    return value.expand(len(x), *value.shape) if batch else value


@expresses(nn.Constant)
def _constant(module: Any, conversion: Conversion) -> torch.nn.Module:
    value = tensor(np.asarray(module.value, module.dtype) if isinstance(module.value, np.ndarray) else module.value)
    return Operation(constant, constants={'value': value}, nInputDim=module.nInputDim)


def _along(parameter: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return a parameter in the shape in which it goes along with an input."""
    if parameter.numel() == x.numel():
        return parameter.reshape(x.shape)
    if parameter.ndim == x.ndim:
        return parameter
    return parameter.reshape(() if parameter.numel() == 1 else (1, *x.shape[1:]))


def add(x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Return x + bias."""
    return x + _along(bias, x)


def multiply(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return weight * x."""
    return _along(weight, x) * x


def add_number(x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Return x + bias, one for all elements."""
    return x + bias.reshape(())


@expresses(nn.Add, nn.CAdd)
def _add(module: Any, conversion: Conversion) -> torch.nn.Module:
    one = isinstance(module, nn.Add) and module._is_scalar()
    return Operation(add_number if one else add, {'bias': conversion.parameter(module.bias)})


@expresses(nn.Mul, nn.CMul)
def _multiply(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(multiply, {'weight': conversion.parameter(module.weight)})


def padded(x: torch.Tensor, dim: int, pad: int, nInputDim: int | None, value: float, index: int) -> torch.Tensor:
    """Return x with |pad| elements of `value` put into one dimension."""
    axis = axis_of(dim + (nInputDim is not None and x.ndim != nInputDim), x.ndim)
    front = x.shape[axis] - index + 1 if pad > 0 else index - 1
    shape = list(x.shape)
    shape[axis] = abs(pad)
    before, behind = x.split([front, x.shape[axis] - front], axis)
    return torch.cat([before, x.new_full(shape, value), behind], axis)


@expresses(nn.Padding)
def _padded(module: Any, conversion: Conversion) -> torch.nn.Module:
    names = ('dim', 'pad', 'nInputDim', 'value', 'index')
    return Operation(padded, **{name: getattr(module, name) for name in names})


def border(x: torch.Tensor, pads: list[int], kind: str) -> torch.Tensor:
    """Return maps with a border put around them, or, of negative numbers, taken off."""
    mode = {'zero': 'constant', 'reflection': 'reflect', 'replication': 'replicate'}[kind]
    batch = x if x.ndim == len(pads) // 2 + 2 else x[None]
    grown = F.pad(batch, [max(pad, 0) for pad in pads], mode)
    output = F.pad(grown, [min(pad, 0) for pad in pads])
    return output if batch is x else output[0]


@expresses(
    nn.SpatialZeroPadding,
    nn.SpatialReflectionPadding,
    nn.SpatialReplicationPadding,
    nn.VolumetricReplicationPadding,
)
def _border(module: Any, conversion: Conversion) -> torch.nn.Module:
    pads = [pad for pair in reversed(module._pads()) for pad in pair]
    return Operation(border, pads=pads, kind=module.border)


def view(x: torch.Tensor, size: list[int], numInputDims: int | None) -> torch.Tensor:
    """Return x in another shape, or a batch of them."""
    dims = x.ndim if numInputDims is None else min(numInputDims, x.ndim)
    elements, before = math.prod(x.shape[x.ndim - dims :]), math.prod(x.shape[: x.ndim - dims])
    batch = (1 if -1 in size else elements // math.prod(size)) * before
    if batch == 1 and (numInputDims is None or x.ndim <= numInputDims):
        return x.reshape(size)
    return x.reshape(batch, *size)


@expresses(nn.View)
def _view(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(view, size=list(module.size), numInputDims=module.numInputDims)


def reshape(x: torch.Tensor, size: list[int], batchMode: bool | None) -> torch.Tensor:
    """Return x in the shape `size`, or (N, *size) for a batch."""
    whole = x.numel() == math.prod(size) and x.shape[0] != 1 if batchMode is None else not batchMode
    return x.reshape(size if whole else (x.shape[0], *size))


@expresses(nn.Reshape)
def _reshape(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(reshape, size=list(module.size), batchMode=module.batchMode)


def transpose(x: torch.Tensor, permutations: list[list[int]], numInputDims: int | None) -> torch.Tensor:
    """Return x with pairs of its dimensions swapped."""
    before = 0 if numInputDims is None else x.ndim - numInputDims
    for pair in permutations:
        x = x.transpose(*(axis_of(dimension + before, x.ndim) for dimension in pair))
    return x


@expresses(nn.Transpose)
def _transpose(module: Any, conversion: Conversion) -> torch.nn.Module:
    pairs = [list(pair) for pair in module.permutations]
    return Operation(transpose, permutations=pairs, numInputDims=module.numInputDims)


def squeeze(x: torch.Tensor, dim: int | None, numInputDims: int | None) -> torch.Tensor:
    """Return x without its dimensions of size 1; one stays."""
    if dim is not None:
        axis = axis_of(dim, x.ndim, nInputDims=numInputDims)
        return x.squeeze(axis) if x.ndim > 1 else x
    kept = [size for size in x.shape if size != 1] or [1]
    batch_of_one = numInputDims is not None and x.ndim == numInputDims + 1 and x.shape[0] == 1
    return x.reshape([1, *kept] if batch_of_one else kept)


@expresses(nn.Squeeze)
def _squeeze(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(squeeze, dim=module.dim, numInputDims=module.numInputDims)


def unsqueeze(x: torch.Tensor, pos: int, numInputDims: int | None) -> torch.Tensor:
    """Return x with one more dimension, of size 1."""
    return x.unsqueeze((0 if numInputDims is None else x.ndim - numInputDims) + pos - 1)


@expresses(nn.Unsqueeze)
def _unsqueeze(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(unsqueeze, pos=module.pos, numInputDims=module.numInputDims)


def select(x: torch.Tensor, dimension: int, index: int) -> torch.Tensor:
    """Return the slice at one index, from 1, of a dimension."""
    return x.select(axis_of(dimension, x.ndim), index - (index > 0))


@expresses(nn.Select)
def _select(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(select, dimension=module.dimension, index=module.index)


def narrow(x: torch.Tensor, dimension: int, offset: int, length: int) -> torch.Tensor:
    """Return `length` elements of a dimension, from `offset` on; negative numbers count from the end."""
    axis = axis_of(dimension, x.ndim)
    size = x.shape[axis]
    length += size - offset + 2 if length < 0 else 0
    if offset < 0:
        offset, length = 1, size - length
    return x.narrow(axis, offset - 1, length)


@expresses(nn.Narrow)
def _narrow(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(narrow, dimension=module.dimension, offset=module.index, length=module.length)


def replicate(x: torch.Tensor, nfeatures: int, dim: int, ndim: int | None) -> torch.Tensor:
    """Return x, so many times along a new dimension."""
    axis = dim - 1 + (ndim is not None and x.ndim > ndim)
    return x.unsqueeze(axis).expand(*x.shape[:axis], nfeatures, *x.shape[axis:])


@expresses(nn.Replicate)
def _replicate(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(replicate, nfeatures=module.nfeatures, dim=module.dim, ndim=module.ndim)


def collapse(x: torch.Tensor, nInputDim: int) -> torch.Tensor:
    """Return x as (N, rest), or as one row."""
    return x.reshape(*(x.shape[:1] if x.ndim > nInputDim else ()), -1)


@expresses(nn.Collapse)
def _collapse(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(collapse, nInputDim=module.nInputDim)


def index(x: list[torch.Tensor], dimension: int) -> torch.Tensor:
    """Return the slices at the given indices, from 1."""
    return x[0].index_select(axis_of(dimension, x[0].ndim), x[1].long() - 1)


@expresses(nn.Index)
def _index(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(index, dimension=module.dimension)


def masked_select(x: list[torch.Tensor]) -> torch.Tensor:
    """Return the elements where the mask is 1."""
    return x[0][x[1].bool()]


@expresses(nn.MaskedSelect)
def _masked_select(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(masked_select)


def one_hot(x: torch.Tensor, size: int, dtype: torch.dtype) -> torch.Tensor:
    """Return 1 at the place of each class, from 1, else 0."""
    return F.one_hot(x.long() - 1, size).to(dtype)


@expresses(nn.OneHot)
def _one_hot(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(one_hot, size=module.outputSize, dtype=getattr(torch, str(module.dtype)))


def extremum(x: torch.Tensor, dimension: int, nInputDims: int | None, largest: bool) -> torch.Tensor:
    """Return the largest, or the smallest, element of each row."""
    axis = axis_of(dimension, x.ndim, nInputDims=nInputDims)
    return (x.max if largest else x.min)(axis, keepdim=x.ndim == 1)[0]


@expresses(nn.Max, nn.Min)
def _extremum(module: Any, conversion: Conversion) -> torch.nn.Module:
    options = {'dimension': module.dimension, 'nInputDims': module.nInputDims}
    return Operation(extremum, largest=isinstance(module, nn.Max), **options)


def total(x: torch.Tensor, dimension: int, nInputDims: int | None, mean: bool, squeezed: bool) -> torch.Tensor:
    """Return the sum, or the mean, of each row."""
    axis = axis_of(dimension, x.ndim, nInputDims=nInputDims)
    return (x.mean if mean else x.sum)(axis, keepdim=not squeezed or x.ndim == 1)


@expresses(nn.Sum, nn.Mean)
def _total(module: Any, conversion: Conversion) -> torch.nn.Module:
    options = {'dimension': module.dimension, 'nInputDims': module.nInputDims}
    return Operation(total, mean=bool(module.sizeAverage), squeezed=bool(module.squeeze), **options)


@expresses(nn.PixelShuffle)
def _pixel_shuffle(module: Any, conversion: Conversion) -> torch.nn.Module:
    return torch.nn.PixelShuffle(module.upscaleFactor)


def converted(x: torch.Tensor, given: str, wanted: str, dtype: torch.dtype) -> torch.Tensor:
    """Return x in a type, with its dimensions, which letters name, in another order or in fewer."""
    x = x.to(dtype)
    single = given != 'b*' and x.ndim < len(given)
    batch = x.unsqueeze(given.index('b')) if single else x
    if sorted(given) == sorted(wanted):
        output = batch if given == wanted else batch.permute([given.index(letter) for letter in wanted])
    elif given == 'b':
        output = batch[:, None]
    elif wanted == 'b':
        output = batch.select(1 - given.index('b'), 0)
    else:
        output = batch.movedim(given.index('b'), 0) if len(given) == 2 else batch.transpose(0, given.index('b'))
        output = output.reshape(len(output), -1)
    if not single:
        return output
    place = wanted.index('b')
    return output.reshape(output.shape[:place] + output.shape[place + 1 :] or output.shape)


@expresses(nn.Convert)
def _converted(module: Any, conversion: Conversion) -> torch.nn.Module:
    dtype = getattr(torch, str(module.dtype))
    return Operation(converted, given=module.inputShape, wanted=module.outputShape, dtype=dtype)


class _Reversed(torch.autograd.Function):
    """The identity, whose gradient comes back multiplied."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, factor: float) -> torch.Tensor:
        """Return x."""
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Return the gradient, multiplied."""
        return ctx.factor * grad, None


def reversed_gradient(x: torch.Tensor, factor: float) -> torch.Tensor:
    """Return x; its gradient is multiplied by a factor."""
    return _Reversed.apply(x, factor)


@expresses(nn.GradientReversal)
def _reversed_gradient(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(reversed_gradient, factor=-getattr(module, 'lambda'))


@expresses(nn.ZeroGrad)
def _zero_grad(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(reversed_gradient, factor=0)


class _Penalized(torch.autograd.Function):
    """The identity, to whose gradient that of weight * (sum of |x|) is added."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: float, passes: bool) -> torch.Tensor:
        """Return x."""
        ctx.save_for_backward(x)
        ctx.weight, ctx.passes = weight, passes
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """Return the gradient and the penalty's, or the latter alone."""
        (x,) = ctx.saved_tensors
        penalty = ctx.weight * x.sign()
        return (grad + penalty if ctx.passes else penalty), None, None


def penalized(x: torch.Tensor, weight: float, sizeAverage: bool, passes: bool) -> torch.Tensor:
    """Return x; the slope of an L1 penalty is added to its gradient."""
    return _Penalized.apply(x, weight / x.numel() if sizeAverage else weight, passes)


@expresses(nn.L1Penalty)
def _penalized(module: Any, conversion: Conversion) -> torch.nn.Module:
    options: dict[str, Any] = {'sizeAverage': bool(module.sizeAverage), 'passes': bool(module.provideOutput)}
    return Operation(penalized, weight=module.l1weight, **options)
