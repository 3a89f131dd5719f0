"""What an object of a file needs, learnt from new objects of its class: an exemplar says more than a list by hand."""

import functools
import inspect
from typing import Any

import numpy as np

from nnlite.errors import FileFormatError
from nnlite.tensor.devices import is_array
from nnlite.tensor.lua import TorchObject
from nnlite.tensor.random import getRNGState, setRNGState

_NO_MODULES: list[Any] = []


def complete(thing: Any, sound: set[int]) -> None:
    """Set those fields that an object of nn could have and its file lacks to None, as they are nil to Torch.

    Args:
        thing: the object.
        sound: the identities of the lists that are known to be of modules: many objects may have the same.

    Raises:
        FileFormatError: it lacks a field that it cannot do without, or that has no array of the right dimensions.
    """
    from nnlite import nn

    cls: Any = type(thing)
    if not cls.__module__.startswith('nnlite.nn.') or not issubclass(cls, (nn.Module, nn.Criterion)):
        return
    modules = getattr(thing, 'modules', None if issubclass(cls, nn.Container) else _NO_MODULES)
    if id(modules) not in sound:
        if not isinstance(modules, list) or not all(isinstance(part, (nn.Module, TorchObject)) for part in modules):
            raise FileFormatError(f'nn.{cls.__name__} cannot be made of its fields: expected a list of modules')
        sound.add(id(modules))
    fields, needed = _exemplar(cls)
    for name, dimensions in needed.items():
        if name == 'weight' and getattr(thing, 'affine', None) is False:  # a normalization that only normalizes
            continue
        value: Any = getattr(thing, name, None)
        if hasattr(thing, name) if not dimensions else is_array(value) and value.ndim == dimensions:
            continue
        wanted = f'the field {name!r}' + (f', an array of {dimensions} dimensions' if dimensions else '')
        got = f'one of {value.ndim}' if is_array(value) else 'none' if value is None else type(value).__name__
        raise FileFormatError(f'nn.{cls.__name__} cannot be made of its fields: expected {wanted}, got {got}')
    for name in fields:
        if not hasattr(thing, name):
            setattr(thing, name, None)


@functools.cache
def _exemplar(cls: Any) -> tuple[list[str], dict[str, int]]:
    """Return the names of the fields of a new object, and those that say what it was made of.

    These differ between an object made with 1 for all that must be given and one made with 2; each comes with the
    dimensions of its array, or 0 for no array. Where numbers make no object a module may; else nothing is known.
    """
    from nnlite import nn

    wanted = [argument for argument in inspect.signature(cls).parameters.values() if argument.default is argument.empty]
    if any(argument.kind is argument.VAR_POSITIONAL for argument in wanted):
        return [], {}
    state = getRNGState()
    try:
        for pair in ((1, 2), (nn.Identity(), nn.Identity())):
            try:
                one, two = (vars(cls(*[given] * len(wanted))) for given in pair)
            except Exception:  # it wants something else
                continue
            # Torch's noBias takes a bias away, and people take gradients away to make a file small.
            passed_over = {'bias', *cls.cleared, *cls.foreign}
            names = [name for name in one if name not in passed_over and not name.startswith(('grad', '_'))]
            return names, {name: np.ndim(one[name]) for name in names if _said(one[name]) != _said(two.get(name))}
        return [], {}
    finally:
        setRNGState(state)


def _said(value: Any) -> Any:
    """Return what a field says of what its object was made of."""
    return value.shape if is_array(value) else value if isinstance(value, (int, float)) else None
