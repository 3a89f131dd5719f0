"""What constructors have in common: an argument left out is None, as Lua's nil, and stands for its default."""

import numbers

import numpy as np

from nnlite.errors import Error
from nnlite.tensor.dimensions import is_whole


def number(module, name, value, default=None):
    """Return an argument that is to be a number, or its default.

    Raises:
        Error: it is none, or there is no default.
    """
    value = default if value is None else value
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise Error(f'expected {name} to be a number, got {value!r}', where=type(module).__name__)
    return value


def whole(module, name, value, least=None):
    """Return an argument that is to be a whole number, from `least` up if that is given.

    Raises:
        Error: it is none.
    """
    if not is_whole(value) or (least is not None and value < least):
        range_ = '' if least is None else f' from {least} up'
        raise Error(f'expected {name} to be a whole number{range_}, got {value!r}', where=type(module).__name__)
    return int(value)


def whole_or_none(module, name, value, least=None):
    """Return an argument that is to be a whole number, as in `whole`, or None if it is left out.

    Raises:
        Error: it is neither.
    """
    return None if value is None else whole(module, name, value, least)


def sizes(module, **given):
    """Return the arguments, given by their names, that are to be whole numbers from 1 up.

    Raises:
        Error: one of them is none.
    """
    return tuple(whole(module, name, value, 1) for name, value in given.items())


def flag(module, name, value, default=False):
    """Return an argument that is to be True or False, or its default.

    Raises:
        Error: it is neither.
    """
    value = default if value is None else value
    if not isinstance(value, (bool, np.bool_)):
        raise Error(f'expected {name} to be True or False, got {value!r}', where=type(module).__name__)
    return bool(value)
