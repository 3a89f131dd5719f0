"""The cases as PyTorch computes them; the networks are nnlite's, layer by layer."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.nn import functional

from nnlite import interop, nn
from nnlite.bench.cases import Case, Layer, Network, Other
from nnlite.bench.recipe import RECIPE
from nnlite.errors import Error

LAYOUTS = {False: torch.contiguous_format, True: torch.channels_last}


def steps_of(case: Case, channels_last: bool) -> dict[str, Callable[[], Any]]:
    """Return the steps of a case by name; each computes one when it is called.

    Args:
        case: what is measured.
        channels_last: whether PyTorch keeps maps so in memory, rather than plane by plane.
    """
    return _layer(case, LAYOUTS[channels_last]) if isinstance(case, Layer) else _network(case, channels_last)


def _network(case: Network | Other, channels_last: bool) -> dict[str, Callable[[], Any]]:
    net = twin(case.model()) if isinstance(case, Network) else interop.to_torch(case.model())
    images, labels = map(torch.from_numpy, case.images_and_labels())
    layout = _layout(channels_last, images.ndim)
    net, images = net.to(memory_format=layout), images.contiguous(memory_format=layout)
    sgd = optimizer(net.parameters())

    def training() -> float:
        net.train()
        sgd.zero_grad()
        loss = functional.cross_entropy(net(images), labels)
        loss.backward()
        sgd.step()
        return loss.item()

    @torch.inference_mode()
    def evaluation() -> float:
        net.eval()
        return functional.cross_entropy(net(images), labels).item()

    return {'training': training, 'evaluation': evaluation}


def _layout(channels_last: bool, dimensions: int) -> torch.memory_format:
    """Return the layout of arrays of so many dimensions: those that are no maps have one alone."""
    if dimensions == 5 and channels_last:
        return torch.channels_last_3d
    return LAYOUTS[channels_last and dimensions == 4]


def optimizer(parameters: Iterable[torch.nn.Parameter], **options: Any) -> torch.optim.SGD:
    """Return the SGD of the recipe."""
    return torch.optim.SGD(
        parameters,
        lr=RECIPE['learningRate'],
        momentum=RECIPE['momentum'],
        weight_decay=RECIPE['weightDecay'],
        nesterov=RECIPE['nesterov'],
        **options,
    )


def _layer(case: Layer, layout: torch.memory_format) -> dict[str, Callable[[], Any]]:
    maps, grads = (torch.from_numpy(array).contiguous(memory_format=layout) for array in case.maps())
    weight = torch.randn(case.planes_out, case.planes, case.kernel, case.kernel).contiguous(memory_format=layout)
    return passes(case, maps, grads, weight)


def passes(case: Layer, maps: torch.Tensor, grads: torch.Tensor, weight: torch.Tensor) -> dict[str, Callable[[], Any]]:
    """Return the passes of a convolution by name, of tensors that lie anywhere in any layout."""
    stride, padding = [case.stride] * 2, [case.kernel // 2] * 2

    def backward(which: list[bool]) -> Any:
        return torch.ops.aten.convolution_backward(
            grads, maps, weight, None, stride, padding, [1, 1], False, [0, 0], 1, which
        )

    return {
        'forward': lambda: torch.conv2d(maps, weight, None, stride, padding),
        'gradInput': lambda: backward([True, False, False]),
        'gradWeight': lambda: backward([False, True, False]),
    }


@functools.singledispatch
def twin(module: Any) -> torch.nn.Module:
    """Return the torch.nn.Module that computes what a module of nnlite's does, with copies of its parameters.

    Raises:
        Error: it, or a module in it, is of a class that the benchmark's networks do not have.
    """
    raise Error(f'expected a module that the benchmark knows in PyTorch, got {type(module).__name__}')


@twin.register
def _(module: nn.Sequential) -> torch.nn.Module:
    return torch.nn.Sequential(*map(twin, module.modules))


class Fork(torch.nn.ModuleList):
    """What nn.ConcatTable is: the outputs of all branches."""

    def forward(self, maps: torch.Tensor) -> list[torch.Tensor]:
        """Return the outputs."""
        return [branch(maps) for branch in self]


@twin.register
def _(module: nn.ConcatTable) -> torch.nn.Module:
    return Fork(map(twin, module.modules))


class Sum(torch.nn.Module):
    """What nn.CAddTable is, written into the first map, which is the branch's, as torchvision's ResNets do."""

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Return the sum."""
        first, *others = maps
        for other in others:
            first += other
        return first


@twin.register
def _(module: nn.CAddTable) -> torch.nn.Module:
    return Sum()


class ZeroPlanes(torch.nn.Module):
    """What nn.Padding is in the shortcuts: planes of zeros behind those that are there."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.planes = planes

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the maps with more planes."""
        return functional.pad(maps, (0, 0, 0, 0, 0, self.planes))


@twin.register
def _(module: nn.Padding) -> torch.nn.Module:
    return ZeroPlanes(module.pad)


@twin.register
def _(module: nn.SpatialConvolution) -> torch.nn.Module:
    kernel, stride, padding = (module.kH, module.kW), (module.dH, module.dW), (module.padH, module.padW)
    planes = module.nInputPlane, module.nOutputPlane
    return _with_parameters(torch.nn.Conv2d(*planes, kernel, stride, padding, bias=module.bias is not None), module)


@twin.register
def _(module: nn.SpatialBatchNormalization) -> torch.nn.Module:
    norm = torch.nn.BatchNorm2d(len(module.running_mean), module.eps, module.momentum)
    return _with_parameters(norm, module)


@twin.register
def _(module: nn.Linear) -> torch.nn.Module:
    outputs, inputs = module.weight.shape
    return _with_parameters(torch.nn.Linear(inputs, outputs), module)


@twin.register
def _(module: nn.ReLU) -> torch.nn.Module:
    return torch.nn.ReLU(module.inplace)


@twin.register
def _(module: nn.SpatialAveragePooling) -> torch.nn.Module:
    return torch.nn.AvgPool2d((module.kH, module.kW), (module.dH, module.dW), ceil_mode=module.ceil_mode)


@twin.register
def _(module: nn.SpatialAdaptiveAveragePooling) -> torch.nn.Module:
    return torch.nn.AdaptiveAvgPool2d((module.H, module.W))


@twin.register
def _(module: nn.View) -> torch.nn.Module:
    return torch.nn.Flatten()


@twin.register
def _(module: nn.Identity) -> torch.nn.Module:
    return torch.nn.Identity()


def _with_parameters(layer: torch.nn.Module, module: Any) -> torch.nn.Module:
    """Copy a module's weight and bias into its twin; return the twin."""
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.copy_(torch.from_numpy(getattr(module, name)))
    return layer
