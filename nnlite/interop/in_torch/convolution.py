"""Convolutions. PyTorch names sides in the order of memory: depth, height, width."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn
from nnlite.interop.in_torch.expressions import Conversion, Operation, expresses, tensor

_CONV = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}
_FULL = {2: torch.nn.ConvTranspose2d, 3: torch.nn.ConvTranspose3d}


def _planes(module: Any) -> tuple[int, int]:
    return module._planes()


@expresses(
    nn.SpatialConvolution,
    nn.SpatialConvolutionMM,
    nn.SpatialDilatedConvolution,
    nn.VolumetricConvolution,
    nn.VolumetricDilatedConvolution,
)
def _convolution(module: Any, conversion: Conversion) -> torch.nn.Module:
    sizes = [module._each(name) for name in ('k', 'd', 'pad', 'dilation')]
    made = _CONV[len(module.sides)](*_planes(module), *sizes, bias=module.bias is not None, device='meta')
    return conversion.fill(made, module)


@expresses(nn.TemporalConvolution)
def _temporal(module: Any, conversion: Conversion) -> torch.nn.Module:
    made = Frames(*_planes(module), module.kW, module.dW, bias=module.bias is not None, device='meta')
    conversion.fill(made, module, 'bias')
    weight = module.weight.reshape(module.outputFrameSize, module.kW, module.inputFrameSize).swapaxes(1, 2)
    made.weight = conversion.parameter(weight)
    return made


@expresses(nn.TemporalRowConvolution)
def _rows(module: Any, conversion: Conversion) -> torch.nn.Module:
    kind = torch.nn.Conv1d if module.featFirst else Frames
    size = module.inputFrameSize
    made = kind(size, size, module.kW, module.dW, groups=size, bias=module.bias is not None, device='meta')
    return conversion.fill(made, module)


class Frames(torch.nn.Conv1d):
    """A convolution over frames (N, T, planes) or (T, planes)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output, as frames."""
        return super().forward(x.transpose(-1, -2)).transpose(-1, -2)


@expresses(nn.SpatialFullConvolution, nn.VolumetricFullConvolution)
def _full(module: Any, conversion: Conversion) -> torch.nn.Module:
    kernel, stride, padding, more = (module._each(name) for name in ('k', 'd', 'pad', 'adj'))
    kind = FullConvolution2d if len(module.sides) == 2 else FullConvolution3d
    made = kind(*_planes(module), kernel, stride, padding, more, bias=module.bias is not None, device='meta')
    return conversion.fill(made, module)


class FullConvolution2d(torch.nn.ConvTranspose2d):
    """A transposed convolution, which of a table {x, target} makes as large a map as the target is."""

    def forward(self, x: Any) -> torch.Tensor:
        """Return the output."""
        return super().forward(x[0], x[1].shape[-2:]) if isinstance(x, list) else super().forward(x)


class FullConvolution3d(torch.nn.ConvTranspose3d):
    """The same for volumes."""

    def forward(self, x: Any) -> torch.Tensor:
        """Return the output."""
        return super().forward(x[0], x[1].shape[-3:]) if isinstance(x, list) else super().forward(x)


def depth_wise(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, planes: int, stride: Any, padding: Any
) -> torch.Tensor:
    """Return what each plane's own kernels give; PyTorch has those of one input plane together."""
    kernels = weight.transpose(0, 1).reshape(-1, 1, *weight.shape[2:])
    return F.conv2d(x, kernels, None if bias is None else bias.T.reshape(-1), stride, padding, groups=planes)


@expresses(nn.SpatialDepthWiseConvolution)
def _depth_wise(module: Any, conversion: Conversion) -> torch.nn.Module:
    options = {'planes': module.nInputPlane, 'stride': module._each('d'), 'padding': module._each('pad')}
    return Operation(depth_wise, _both(module, conversion), **options)


def local(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, kernel: Any, stride: Any, padding: Any
) -> torch.Tensor:
    """Return what kernels of their own at every pixel give."""
    batch = x if x.ndim == 4 else x[None]
    columns = F.unfold(batch, kernel, 1, padding, stride).reshape(len(batch), -1, *weight.shape[:2])
    output = torch.einsum('nkyx,yxok->noyx', columns, weight.flatten(3))
    output = output if bias is None else output + bias
    return output if x.ndim == 4 else output[0]


@expresses(nn.SpatialConvolutionLocal)
def _local(module: Any, conversion: Conversion) -> torch.nn.Module:
    sizes = {'kernel': module._each('k'), 'stride': module._each('d'), 'padding': module._each('pad')}
    return Operation(local, _both(module, conversion), **sizes)


def connected(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    places: torch.Tensor,
    planes: Any,
    stride: Any,
    full: bool,
) -> torch.Tensor:
    """Return what a convolution gives that has a kernel for each row of a connection table, zeros elsewhere."""
    kernels = weight.new_zeros(*planes, *weight.shape[1:]).index_put(tuple(places), weight, accumulate=True)
    if full:
        return F.conv_transpose2d(x, kernels, bias, stride)
    return F.conv2d(x[..., : planes[1], :, :], kernels, bias, stride)


@expresses(nn.SpatialConvolutionMap, nn.SpatialFullConvolutionMap)
def _connected(module: Any, conversion: Conversion) -> torch.nn.Module:
    full = isinstance(module, nn.SpatialFullConvolutionMap)
    inputs, outputs = map(tensor, module._pairs())
    planes = _planes(module) if full else _planes(module)[::-1]
    places = torch.stack([inputs, outputs] if full else [outputs, inputs])
    options = {'planes': planes, 'stride': module._each('d'), 'full': full}
    return Operation(connected, _both(module, conversion), {'places': places}, **options)


def sub_sampled(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, kernel: Any, stride: Any
) -> torch.Tensor:
    """Return one weight for each plane times the sum of each window; frames come before planes."""
    convolve = F.conv1d if len(kernel) == 1 else F.conv2d
    kernels = weight.reshape(-1, 1, *(1 for _ in kernel)).expand(-1, 1, *kernel)
    given = x.transpose(-1, -2) if len(kernel) == 1 else x
    output = convolve(given, kernels, bias, stride, groups=len(weight))
    return output.transpose(-1, -2) if len(kernel) == 1 else output


@expresses(nn.SpatialSubSampling, nn.TemporalSubSampling)
def _sub_sampled(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(sub_sampled, _both(module, conversion), kernel=module._each('k'), stride=module._each('d'))


def _both(module: Any, conversion: Conversion) -> dict[str, torch.nn.Parameter | None]:
    return {'weight': conversion.parameter(module.weight), 'bias': conversion.parameter(module.bias)}
