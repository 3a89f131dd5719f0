"""Whether an object of a file has the fields that its class cannot do without: those that a new one is made with."""

import functools
import inspect
from typing import Any

import numpy as np

from nnlite.errors import FileFormatError
from nnlite.tensor.devices import is_array
from nnlite.tensor.random import getRNGState, setRNGState


def check_fields(thing: Any) -> None:
    """Raise FileFormatError unless an object of a class of nn has what it needs to run."""
    cls: Any = type(thing)
    if not cls.__module__.startswith('nnlite.nn.'):
        return
    for name, dimensions in _needed(cls).items():
        if name == 'weight' and getattr(thing, 'affine', None) is False:
            continue
        value: Any = getattr(thing, name, None)
        got = f'one of {value.ndim}' if is_array(value) else 'none' if value is None else type(value).__name__
        if dimensions and not (is_array(value) and value.ndim == dimensions):
            message = f'expected the field {name!r}, an array of {dimensions} dimensions, got {got}'
        elif not hasattr(thing, name):
            message = f'expected the field {name!r}, got none'
        else:
            continue
        raise FileFormatError(f'nn.{cls.__name__} cannot be made of its fields: {message}')


@functools.cache
def _needed(cls: Any) -> dict[str, int]:
    """Return the fields that say what an object was made of, each with the dimensions of its array, or 0 for no array.

    They are those that differ between an object made with 1 for all that must be given and one made with 2. Where these
    make no object, nothing is known of the class.
    """
    wanted = [argument for argument in inspect.signature(cls).parameters.values() if argument.default is argument.empty]
    if any(argument.kind is argument.VAR_POSITIONAL for argument in wanted):
        return {}
    state = getRNGState()
    try:
        one, two = (vars(cls(*[number] * len(wanted))) for number in (1, 2))
    except Exception:  # a class may want a module, a table or larger sizes
        return {}
    finally:
        setRNGState(state)
    # Torch's noBias takes a bias away, and people take gradients away to make a file small.
    passed_over = {'bias', *cls.cleared, *cls.foreign}
    names = [name for name in one if name not in passed_over and not name.startswith(('grad', '_'))]
    return {name: np.ndim(one[name]) for name in names if _said(one[name]) != _said(two[name])}


def _said(value: Any) -> Any:
    """Return what a field says of how its object was made."""
    return value.shape if is_array(value) else value if isinstance(value, (int, float)) else None
