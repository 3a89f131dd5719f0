"""Pooling and its opposite. PyTorch names sides in the order of memory: depth, height, width."""

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn
from nnlite.interop.in_torch.expressions import CONDITIONS, Conversion, Operation, expresses, tensor

_MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGE = {2: F.avg_pool2d, 3: F.avg_pool3d}
_UNPOOL = {2: F.max_unpool2d, 3: F.max_unpool3d}


def _leaves_the_map(module: Any) -> str | None:
    """Return what to do about a last window that lies beyond the map, which Torch7 has and PyTorch has not."""
    _, stride, padding = module._geometry()
    reach = [(size - 1) * gap + 1 for size, gap in zip(module._each('k'), module._each('dilation'), strict=True)]
    if module.ceil_mode and not any(padding) and any(step > size for step, size in zip(stride, reach, strict=True)):
        return 'with ceil() and steps larger than its windows the last one may lie beyond the map: use floor()'
    return None


CONDITIONS.update(
    dict.fromkeys(
        (
            nn.SpatialMaxPooling,
            nn.SpatialDilatedMaxPooling,
            nn.SpatialAveragePooling,
            nn.VolumetricMaxPooling,
            nn.VolumetricDilatedMaxPooling,
            nn.VolumetricAveragePooling,
        ),
        _leaves_the_map,
    )
)


class MaxPooling(torch.nn.Module):
    """The largest of each window. It keeps where these stood, and how large its input was, for its unpooling."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.kernel, self.stride, self.padding = module._geometry()
        self.dilation, self.ceil_mode = module._each('dilation'), bool(module.ceil_mode)
        self.indices: torch.Tensor | None = None
        self.space: tuple[int, ...] = ()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the largest of each window."""
        sides = len(self.kernel)
        options = {'dilation': self.dilation, 'ceil_mode': self.ceil_mode, 'return_indices': True}
        output, self.indices = _MAX[sides](x, self.kernel, self.stride, self.padding, **options)
        self.space = x.shape[-sides:]
        return output

    def extra_repr(self) -> str:
        """Return what stands in the brackets of its text."""
        ceil = ', ceil' if self.ceil_mode else ''
        return f'kernel={self.kernel}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}{ceil}'


@expresses(nn.SpatialMaxPooling, nn.SpatialDilatedMaxPooling, nn.VolumetricMaxPooling, nn.VolumetricDilatedMaxPooling)
def _max(module: Any, conversion: Conversion) -> torch.nn.Module:
    return MaxPooling(module)


class MaxUnpooling(torch.nn.Module):
    """What puts pixels back where a max pooling found its own in its last forward, among zeros."""

    def __init__(self, pooling: MaxPooling) -> None:
        super().__init__()
        self.pooling = (pooling,)  # no part of this module: it stands elsewhere

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the larger map."""
        (pooling,) = self.pooling
        sizes = pooling.kernel, pooling.stride, pooling.padding
        return _UNPOOL[len(pooling.kernel)](x, pooling.indices, *sizes, output_size=pooling.space)


@expresses(nn.SpatialMaxUnpooling, nn.VolumetricMaxUnpooling)
def _unpooling(module: Any, conversion: Conversion) -> torch.nn.Module:
    return MaxUnpooling(conversion.module(module.pooling))


def frames_pooled(x: torch.Tensor, kernel: Any, stride: Any) -> torch.Tensor:
    """Return the largest of every few frames, feature by feature."""
    return F.max_pool1d(x.transpose(-1, -2), kernel, stride).transpose(-1, -2)


@expresses(nn.TemporalMaxPooling)
def _frames_pooled(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(frames_pooled, kernel=module._each('k'), stride=module._each('d'))


def average(
    x: torch.Tensor, kernel: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool, factor: int
) -> torch.Tensor:
    """Return `factor` times the mean of each window."""
    means = _AVERAGE[len(kernel)](x, kernel, stride, padding, ceil_mode, count_include_pad)
    return means if factor == 1 else means * factor


@expresses(nn.SpatialAveragePooling, nn.VolumetricAveragePooling)
def _average(module: Any, conversion: Conversion) -> torch.nn.Module:
    kernel, stride, padding = module._geometry()
    options: dict[str, Any] = {'ceil_mode': bool(module.ceil_mode), 'count_include_pad': bool(module.count_include_pad)}
    factor = 1 if getattr(module, 'divide', True) else math.prod(kernel)
    if factor == 1 and len(kernel) == 2:
        return torch.nn.AvgPool2d(kernel, stride, padding, **options)
    return Operation(average, kernel=kernel, stride=stride, padding=padding, factor=factor, **options)


@expresses(nn.SpatialAdaptiveAveragePooling)
def _adaptive_average(module: Any, conversion: Conversion) -> torch.nn.Module:
    return torch.nn.AdaptiveAvgPool2d((module.H, module.W))


@expresses(nn.SpatialAdaptiveMaxPooling)
def _adaptive_max(module: Any, conversion: Conversion) -> torch.nn.Module:
    return torch.nn.AdaptiveMaxPool2d((module.H, module.W))


def fractional(x: torch.Tensor, kernel: Any, out: Any, samples: torch.Tensor | None) -> torch.Tensor:
    """Return the largest of windows at random places, or at those that samples fix.

    Args:
        x: maps or volumes.
        kernel: the windows' size, for each side in the order of memory.
        out: the output's size, for each side, or below 1 what it is to the input's.
        samples: (N, planes, sides), in the order in which PyTorch has them; None to draw them.
    """
    space = x.shape[-len(kernel) :]
    size = [math.floor(side * part) if part < 1 else part for side, part in zip(space, out, strict=True)]
    pool = F.fractional_max_pool2d if len(kernel) == 2 else F.fractional_max_pool3d
    return pool(x, kernel, size, _random_samples=samples)


@expresses(nn.SpatialFractionalMaxPooling, nn.VolumetricFractionalMaxPooling)
def _fractional(module: Any, conversion: Conversion) -> torch.nn.Module:
    fixed = module.newRandomPool and module.randomSamples is not None
    samples = tensor(module.randomSamples) if fixed else None
    if samples is not None and len(module.sides) == 3:
        samples = samples.flip(-1)
    out = [getattr(module, f'ratio{side}', None) or getattr(module, f'out{side}') for side in module.sides]
    return Operation(fractional, constants={'samples': samples}, kernel=module._each('poolSize'), out=out)


def largest_frames(x: torch.Tensor, minK: int, factor: float) -> torch.Tensor:
    """Return the k largest of each feature, in the order in which they come; k grows with the sequence."""
    count = max(minK, math.ceil(factor * x.shape[-2]))
    return x.gather(-2, x.topk(count, -2)[1].sort(-2)[0])


@expresses(nn.TemporalDynamicKMaxPooling)
def _largest_frames(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(largest_frames, minK=module.minK, factor=module.factor)


def features_pooled(x: torch.Tensor, width: int, stride: int, power: float, axis: int) -> torch.Tensor:
    """Return the p-norm of every few features."""
    return (x.unfold(axis, width, stride) ** power).sum(-1) ** (1 / power)


@expresses(nn.FeatureLPPooling)
def _features_pooled(module: Any, conversion: Conversion) -> torch.nn.Module:
    options = {name: getattr(module, name) for name in ('width', 'stride', 'power')}
    return Operation(features_pooled, axis=int(module.batch_mode), **options)


def enlarged(x: torch.Tensor, scale: int | None, size: list[int] | None, mode: str) -> torch.Tensor:
    """Return maps or volumes enlarged; lines are drawn from corner to corner."""
    batch = x[None] if x.ndim == 3 else x
    if mode == 'nearest':
        output = F.interpolate(batch, scale_factor=scale)
    else:
        sides = batch.ndim - 2  # of maps the depth that is asked for does not count
        space = [side * (scale or 1) for side in batch.shape[2:]] if size is None else size[-sides:]
        linear = 'bilinear' if batch.ndim == 4 else 'trilinear'
        output = F.interpolate(batch, space, mode=linear, align_corners=True)
    return output if batch is x else output[0]


@expresses(nn.SpatialUpSamplingNearest, nn.SpatialUpSamplingBilinear, nn.UpSampling)
def _enlarged(module: Any, conversion: Conversion) -> torch.nn.Module:
    sizes = [size for size in (module.odepth, module.oheight, module.owidth) if size is not None]
    size = None if module.scale_factor is not None else sizes
    return Operation(enlarged, scale=module.scale_factor, size=size, mode=module.mode)
