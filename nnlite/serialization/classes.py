"""Which Python class a Torch class name of a .t7 file stands for, and the other way round."""

from collections.abc import Callable
from typing import Any, TypeVar

from nnlite.serialization.twins import Fields, twin_of

Class = TypeVar('Class', bound=type)

_registered: dict[str, type] = {}


def register(typename: str) -> Callable[[Class], Class]:
    """Teach nnlite the class that a Torch class name stands for, in files loaded and saved from now on.

    Loading makes an object without calling `__init__`. If the class has `read(fields, version)`, that is called with a
    dict of the object's fields and the version of the class that wrote them; else the fields become attributes. If it
    has `write()`, that returns the dict of fields to save; else all attributes are saved. A class attribute `version`,
    an int, is written with them.

    Args:
        typename: the name in the file, such as 'my.Class'.

    >>> @register('my.Point')
    ... class Point:
    ...     def __init__(self, x, y):
    ...         self.x, self.y = x, y
    """

    def remember(cls: Class) -> Class:
        _registered[typename] = cls
        return cls

    return remember


def class_of(typename: str, plain: Fields) -> tuple[Any, Callable[[Fields], Fields]] | None:
    """Return the Python class for an object of a Torch class, and what makes its fields of those in the file.

    None if nnlite does not know the class.

    Args:
        typename: the name of the Torch class.
        plain: those fields of the object that are plain values.

    >>> class_of('somebody.Else', {}) is None
    True
    """
    if typename in _registered:
        return _registered[typename], lambda fields: fields
    if typename == 'optim.ConfusionMatrix':  # a Logger stays data: it would write to where a stranger's file says
        from nnlite.optim import ConfusionMatrix

        return ConfusionMatrix, lambda fields: fields
    twin = twin_of(typename, plain)
    if twin and twin.name.isidentifier() and not twin.name.startswith('_'):
        from nnlite import nn

        cls = getattr(nn, twin.name, None)
        if isinstance(cls, type) and issubclass(cls, (nn.Module, nn.Criterion, nn.StochasticGradient)):
            return cls, twin.fields
    return None


def typename_of(thing: Any) -> str | None:
    """Return the Torch class name that `thing` is saved under, or None if its class has none.

    A class may say another one, `written_as`, under whose name its objects are saved.
    """
    written_as = getattr(type(thing), 'written_as', type(thing))
    for typename, cls in _registered.items():
        if cls is written_as:
            return typename
    for name in (f'nn.{written_as.__name__}', f'optim.{written_as.__name__}'):
        found = class_of(name, {})
        if found and found[0] is written_as:
            return name
    return None
