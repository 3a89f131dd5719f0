"""The registry of what PyTorch can express, and a network on its way there.

An expression is a function (module, conversion) that returns a torch.nn.Module with the module's parameters, under the
names that nnlite.interop.state_dict has for them. It is found by the exact class: a class that is derived from one of
nn's may do anything.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from nnlite import nn
from nnlite.errors import Error
from nnlite.interop.names import class_of, labels_of, paths, resnet_labels
from nnlite.tensor.devices import to_host
from nnlite.tensor.memory import address

Expression = Callable[[Any, 'Conversion'], torch.nn.Module]

EXPRESSIONS: dict[type, Expression] = {}

# What is expressed only where an instance does without something: the function says what to do, or returns None.
CONDITIONS: dict[type, Callable[[Any], str | None]] = {
    nn.IndexLinear: lambda module: (
        'it normalizes values by what it has seen, and learns how by a rule of its own: make one without `normalize`'
        if module.normalize
        else None
    ),
}
_OTHER = 'say it as one of nn, or register an expression for it: nnlite.interop.in_torch.expresses'


def expresses(*classes: type) -> Callable[[Expression], Expression]:
    """Return the decorator that registers an expression of classes."""

    def register(expression: Expression) -> Expression:
        EXPRESSIONS.update(dict.fromkeys(classes, expression))
        return expression

    return register


def convert(model: Any) -> torch.nn.Module:
    """Return a network in PyTorch; see nnlite.interop.to_torch.

    Raises:
        Error: it holds modules that PyTorch cannot express; all of them are named.
    """
    refused = unexpressed(model)
    if refused:
        lines = '\n    '.join(f'{path or "the network itself"}: nn.{name}: {what}' for path, name, what in refused)
        raise Error(f'expected modules that PyTorch can express, got others:\n    {lines}', where='to_torch')
    conversion = Conversion(resnet_labels(model) or {})
    return conversion.module(model).train(getattr(model, 'train', True))


def unexpressed(model: Any) -> list[tuple[str, str, str]]:
    """Return (path, class, what to do) for each module of a network that PyTorch cannot express."""
    found = []
    for path, module in _everything(model):
        kind = class_of(module)
        what = CONDITIONS.get(kind, lambda module: None)(module) if kind in EXPRESSIONS else _OTHER
        if what is not None:
            found.append((path, type(module).__name__, what))
    return found


def _everything(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield (path, module) for a network, or a criterion, and all that is in it."""
    for path, module in paths(model):
        yield path, module
        inner = {name: getattr(module, name, None) for name in ('criterion', 'inputModule', 'targetModule')}
        inner |= {str(place): criterion for place, criterion in enumerate(getattr(module, 'criterions', []))}
        for name, below in inner.items():
            for rest, thing in () if below is None else _everything(below):
                yield '.'.join(filter(None, (path, name, rest))), thing


class Conversion:
    """One network on its way to PyTorch: a module that stands in two places stays one, and so does a parameter.

    Args:
        labels: the names of modules, where these are not their places; see nnlite.interop.names.resnet_labels.
    """

    def __init__(self, labels: Mapping[int, list[str]]) -> None:
        self.labels = labels
        self._modules: dict[int, torch.nn.Module] = {}
        self._parameters: dict[Any, torch.nn.Parameter] = {}

    def module(self, module: Any) -> torch.nn.Module:
        """Return a module's counterpart."""
        if id(module) not in self._modules:
            self._modules[id(module)] = EXPRESSIONS[class_of(module)](module, self)
        return self._modules[id(module)]

    def below(self, module: Any) -> dict[str, torch.nn.Module]:
        """Return the counterparts of the modules in a container, by their names."""
        labels = labels_of(module, self.labels)
        return {label: self.module(below) for label, below in zip(labels, module.modules, strict=True)}

    def parameter(self, array: Any, shape: tuple[int, ...] | None = None) -> torch.nn.Parameter | None:
        """Return a parameter of an array's numbers, in a shape of as many; None of None."""
        if array is None:
            return None
        key = address(array), shape
        if key not in self._parameters:
            self._parameters[key] = torch.nn.Parameter(tensor(array if shape is None else array.reshape(shape)))
        return self._parameters[key]

    def fill(self, made: torch.nn.Module, module: Any, *names: str) -> torch.nn.Module:
        """Give a module of PyTorch the parameters of one of ours, in PyTorch's shapes; return it."""
        for name in names or ('weight', 'bias'):
            array = getattr(module, name)
            theirs = getattr(made, name)
            setattr(made, name, None if array is None else self.parameter(array, tuple(theirs.shape)))
        return made


def tensor(array: Any) -> torch.Tensor:
    """Return a copy of an array as a tensor of its type."""
    return torch.from_numpy(np.array(to_host(array), order='C'))


class Operation(torch.nn.Module):
    """y = function(x, parameters and options by their names); of a loss, function(x, target, ...).

    A function that asks for `training` is told whether the module trains.

    Args:
        function: what it computes; defined at the top of a file, so that the module can be pickled.
        parameters: parameters, or None, by the names of the function's arguments.
        constants: tensors that go along to other devices and types, but are not learnt.
        options: the function's other arguments.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        parameters: Mapping[str, torch.nn.Parameter | None] | None = None,
        constants: Mapping[str, torch.Tensor | None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self.function, self.options = function, options
        self.heeds_training = 'training' in inspect.signature(function).parameters
        self.names = [*(parameters or {}), *(constants or {})]
        for name, parameter in (parameters or {}).items():
            self.register_parameter(name, parameter)
        for name, constant in (constants or {}).items():
            self.register_buffer(name, constant, persistent=False)

    def forward(self, *given: Any) -> Any:
        """Return the output for an input, a tensor or a list of them, or the loss for an input and its target."""
        options = {**self.options, **{name: getattr(self, name) for name in self.names}}
        if self.heeds_training:
            options['training'] = self.training
        return self.function(*(_tensor_of(part, given[0]) for part in given), **options)

    def extra_repr(self) -> str:
        """Return what stands in the brackets of its text."""
        options = [f'{name}={value!r}' for name, value in self.options.items()]
        return ', '.join([self.function.__name__, *options])


def _tensor_of(part: Any, input: Any) -> Any:
    """Return a plain number, as a label or a sign may be, as a tensor where the input is; all else as it is."""
    if not isinstance(part, int | float):
        return part
    while isinstance(input, list | tuple):
        input = input[0]
    return torch.tensor(part, device=input.device)


def mapped(function: Callable[[torch.Tensor], torch.Tensor], tree: Any) -> Any:
    """Return the table of function(tensor), or function(tensor) of one."""
    if isinstance(tree, dict):
        return {key: mapped(function, part) for key, part in tree.items()}
    return [mapped(function, part) for part in tree] if isinstance(tree, list | tuple) else function(tree)
