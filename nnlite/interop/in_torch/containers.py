"""Containers and wrappers."""

import copy
from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn
from nnlite.interop.in_torch.expressions import Conversion, expresses, mapped
from nnlite.interop.names import is_residual
from nnlite.tensor.dimensions import axis_of
from nnlite.tensor.types import dtype_of


@expresses(nn.Sequential, nn.SpatialLPPooling, nn.LayerNormalization, nn.Maxout)
def sequential(module: Any, conversion: Conversion) -> torch.nn.Module:
    """Return a Sequential; a block of a ResNet has the names that torchvision gives its parts."""
    if id(module) in conversion.labels and is_residual(module):
        return Residual(module, conversion)
    return torch.nn.Sequential(OrderedDict(conversion.below(module)))


class Residual(torch.nn.Module):
    """y = tail(branch(x) + downsample(x)), where branch and tail are modules one after the other."""

    def __init__(self, block: Any, conversion: Conversion) -> None:
        super().__init__()
        fork = block.modules[0]
        branch = conversion.below(fork.modules[0])
        tail = dict(list(conversion.below(block).items())[2:])
        for name, part in {**branch, 'downsample': conversion.module(fork.modules[1]), **tail}.items():
            self.add_module(name, part)
        self.branch, self.tail = list(branch), list(tail)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        y = x
        for name in self.branch:
            y = getattr(self, name)(y)
        y = y + self.downsample(x)
        for name in self.tail:
            y = getattr(self, name)(y)
        return y


class Container(torch.nn.ModuleList):
    """The base of what runs several modules."""

    def __init__(self, module: Any, conversion: Conversion) -> None:
        super().__init__([conversion.module(below) for below in module.modules])


@expresses(nn.ConcatTable)
class ConcatTable(Container):
    """y = [f(x), g(x), ...]."""

    def forward(self, x: Any) -> list[Any]:
        """Return the list of outputs."""
        return [part(x) for part in self]


@expresses(nn.ParallelTable)
class ParallelTable(Container):
    """y = [f(x[0]), g(x[1]), ...]."""

    def forward(self, x: list[Any]) -> list[Any]:
        """Return the list of outputs."""
        return [part(given) for part, given in zip(self, x, strict=True)]


@expresses(nn.MapTable)
class MapTable(torch.nn.ModuleList):
    """y = [f(x[0]), f(x[1]), ...], by one module, or by one for each place; missing ones are made as copies."""

    def __init__(self, module: Any, conversion: Conversion) -> None:
        parts = module.modules[:1] if module.shared else module.modules
        super().__init__([conversion.module(part) for part in parts])
        self.shared = bool(module.shared)

    def forward(self, x: list[Any]) -> list[Any]:
        """Return the list of outputs."""
        while not self.shared and len(self) < len(x):
            self.append(copy.deepcopy(self[0]))
        parts = [self[0]] * len(x) if self.shared else list(self)[: len(x)]
        return [part(given) for part, given in zip(parts, x, strict=True)]


@expresses(nn.Concat)
class Concat(Container):
    """y = f(x), g(x), ... joined along a dimension, counted from 1."""

    def __init__(self, module: Any, conversion: Conversion) -> None:
        super().__init__(module, conversion)
        self.dimension = module.dimension

    def forward(self, x: Any) -> torch.Tensor:
        """Return the joined outputs."""
        outputs = [part(x) for part in self]
        return torch.cat(outputs, axis_of(self.dimension, outputs[0].ndim))


@expresses(nn.DepthConcat)
class DepthConcat(Concat):
    """The same, smaller outputs framed with zeros."""

    def forward(self, x: Any) -> torch.Tensor:
        """Return the joined outputs."""
        outputs = [part(x) for part in self]
        axis = axis_of(self.dimension, outputs[0].ndim)
        most = [max(sizes) for sizes in zip(*(output.shape for output in outputs), strict=True)]
        framed = []
        for output in outputs:
            frame: list[int] = []
            for place in reversed(range(output.ndim)):
                missing = 0 if place == axis else most[place] - output.shape[place]
                frame += [missing // 2, missing - missing // 2]
            framed.append(F.pad(output, frame))
        return torch.cat(framed, axis)


@expresses(nn.Parallel)
class Parallel(Container):
    """y = f(x_1), g(x_2), ... joined, of the slices of x along a dimension."""

    def __init__(self, module: Any, conversion: Conversion) -> None:
        super().__init__(module, conversion)
        self.inputDimension, self.outputDimension = module.inputDimension, module.outputDimension

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the joined outputs."""
        slices = x.unbind(axis_of(self.inputDimension, x.ndim))
        outputs = [part(given) for part, given in zip(self, slices, strict=False)]
        return torch.cat(outputs, axis_of(self.outputDimension, outputs[0].ndim))


@expresses(nn.CReLU)
class CReLU(Container):
    """y = max(0, x), max(0, -x), joined along the planes."""

    def __init__(self, module: Any, conversion: Conversion) -> None:
        super().__init__(module, conversion)
        self.nInputDims = module.nInputDims

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the joined halves."""
        return F.relu(torch.cat([x, -x], 0 if x.ndim == self.nInputDims else 1))


@expresses(nn.Decorator, nn.NaN, nn.Profile, nn.GPU, nn.DataParallelTable)
def wrapped(module: Any, conversion: Conversion) -> torch.nn.Module:
    """Return what a wrapper wraps: its checks, clocks and devices stay behind."""
    return torch.nn.Sequential(conversion.module(module.modules[0]))


@expresses(nn.DontCast)
class DontCast(Container):
    """y = f(x), where f computes in a type of its own."""

    def __init__(self, module: Any, conversion: Conversion) -> None:
        super().__init__(module, conversion)
        name = str(dtype_of(module.moduleType)) if module.moduleType else ''
        self.inner = getattr(torch, name) if module.castin else None
        self.outer = getattr(torch, str(module.dtype)) if module.castout else None

    def forward(self, x: Any) -> Any:
        """Return the output, in the outer type."""
        y = self[0](x if self.inner is None else mapped(lambda part: part.to(self.inner), x))
        return y if self.outer is None else mapped(lambda part: part.to(self.outer), y)


@expresses(nn.Bottle)
class Bottle(Container):
    """y = f(x), the first dimensions of x taken for one."""

    def __init__(self, module: Any, conversion: Conversion) -> None:
        super().__init__(module, conversion)
        self.nInputDim = module.nInputDim

    def forward(self, x: Any) -> Any:
        """Return the output, with the first dimensions as they were."""
        if not isinstance(x, torch.Tensor) or x.ndim <= self.nInputDim:
            return self[0](x)
        split = x.ndim - self.nInputDim + 1
        y = self[0](x.flatten(0, split - 1))
        front = x.shape[: split - 1]
        return y.reshape(*front, y.shape[0] // front.numel(), *y.shape[1:])


@expresses(nn.WeightNorm)
class WeightNorm(Container):
    """y = f(x), where the weight of f is g v / sqrt(||v||^2 + 1e-4)."""

    def __init__(self, module: Any, conversion: Conversion) -> None:
        super().__init__(module, conversion)
        for name in ('v', 'g'):
            self.register_parameter(name, conversion.parameter(getattr(module, name)))
        self.outputs_first, self.axis = tuple(module.viewOut), module.outputDim - 1
        self.shape = tuple(self[0].weight.shape)
        self[0].register_parameter('weight', None)

    def forward(self, x: Any) -> Any:
        """Return the output."""
        weight = self.g * self.v / (self.v.square().sum(1, keepdim=True) + 1e-4).sqrt()
        weight = weight.reshape(self.outputs_first).movedim(0, self.axis).reshape(self.shape)
        return torch.func.functional_call(self[0], {'weight': weight}, (x,))


@expresses(nn.gModule)
class Graph(Container):
    """y = f(x), where f is a graph of modules."""

    def __init__(self, module: Any, conversion: Conversion) -> None:
        super().__init__(module, conversion)
        names = ('module', 'sources', 'selectindex')
        self.nodes = [{name: node[name] for name in names} for node in module.nodes]

    def forward(self, x: Any) -> Any:
        """Return the value of the last node."""
        values: list[Any] = []
        for node in self.nodes:
            given = [values[source] for source in node['sources']] or [x]
            value = given[0] if len(given) == 1 else given
            if node['selectindex'] is not None:
                value = value[node['selectindex'] - 1]
            elif node['module'] is not None:
                value = self[node['module']](value)
            values.append(value)
        return values[-1]
