"""The values of a .t7 file that are made of others: how each is kept while it is read, and what it becomes.

A table may hold itself, and only its keys say whether it becomes a list, a dict or a LuaTable. So a file is read into
nodes first; then every node makes its Python value, still empty (`start`), then every node fills it in (`finish`), and
last every node looks at what has become of it (`check`).
"""

import math
from collections.abc import Callable
from typing import Any

from nnlite.errors import Error, FileFormatError
from nnlite.serialization.classes import class_of
from nnlite.serialization.exemplar import complete
from nnlite.serialization.lua_function import LuaFunction
from nnlite.serialization.twins import Fields
from nnlite.tensor.lua import LuaTable, TorchObject


class Node:
    """A value under way; this class itself is the place at the top of a file.

    Args:
        tag: the type that the file gives it.
        wanted: how many values follow its head in the file; they become its `children`.
    """

    __slots__ = ('children', 'offset', 'parent', 'place', 'tag', 'value', 'wanted')

    def __init__(self, tag: int = 0, wanted: int = 1) -> None:
        self.tag, self.wanted = tag, wanted
        self.children: list[Any] = []
        self.value: Any = None
        # Where it stands: as which child of what, and from which byte on.
        self.parent: Node | None = None
        self.place = self.offset = 0

    def take(self, child: Any) -> None:
        """Add the next child, whose own children may still be to come."""
        self.children.append(child)

    def start(self) -> None:
        """Make the value, empty: what holds it may be made before it is full."""

    def finish(self) -> None:
        """Fill the value in."""

    def check(self, sound: set[int]) -> None:
        """Raise FileFormatError if the value, and what it may have given to values below it, lacks something.

        Args:
            sound: see exemplar.complete.
        """

    def label(self, place: int) -> str:
        """Return what a path says of the child at `place`."""
        return ''

    def path(self, place: int) -> str:
        """Return the way from the top of the file to the child at `place`, as in Lua: lists count from 1."""
        labels = [self.label(place)]
        node = self
        while node.parent is not None:
            labels.append(node.parent.label(node.place))
            node = node.parent
        labels = [label for label in reversed(labels) if label]
        shown = ''.join(labels if len(labels) <= 20 else ['...', *labels[-20:]])
        return shown.removeprefix('.') or 'the whole value'


class TableNode(Node):
    """A Lua table: its children are key, value, key, value ..."""

    __slots__ = ()

    def start(self) -> None:
        """Choose between list, dict and LuaTable by the keys."""
        keys = self.children[::2]
        if any(key is None or (isinstance(key, float) and math.isnan(key)) for key in keys):
            raise FileFormatError('expected keys that a Lua table can have, got nil or NaN')
        kinds = {type(key) for key in keys}
        if not kinds <= {str, bytes, int, float}:
            self.value = LuaTable()
        elif kinds <= {int} and set(keys) == set(range(1, len(set(keys)) + 1)):
            self.value = [None] * len(set(keys))
        else:
            self.value = {}

    def plain(self) -> dict[str, Any]:
        """Return the pairs of a name and a value that stands alone, which are known before any value is made."""
        pairs = zip(self.children[::2], self.children[1::2], strict=True)
        return {key: value for key, value in pairs if isinstance(key, str) and not isinstance(value, Node)}

    def finish(self) -> None:
        """Put the pairs in, in the order of the file."""
        pairs = zip(self.children[::2], self.children[1::2], strict=True)
        if isinstance(self.value, list):
            for key, value in pairs:
                self.value[key - 1] = value_of(value)
        else:
            for key, value in pairs:
                self.value[value_of(key)] = value_of(value)

    def label(self, place: int) -> str:
        """Return the key of a value as in Lua's source, `.name` or `[3]`, or the place of a key."""
        key = self.children[place - 1] if place % 2 else None
        if isinstance(key, str) and key.isidentifier() and len(key) <= 40:
            return f'.{key}'
        if isinstance(key, (str, bytes)):
            return f'[{key[:40]!r}]'
        return f'[{key}]' if isinstance(key, (bool, int, float)) else f'[key {place // 2 + 1}]'


class ObjectNode(Node):
    """An object of a Torch class: its last child is the table of its fields.

    Args:
        tag: the type that the file gives it.
        typename: the name of its class.
        version: the version of the class that wrote it.
        lead: the ints that it wrote before its fields, in a way of its own.
        rebuild: whether to make an object of our class, if there is one.
    """

    __slots__ = ('fields_for', 'lead', 'lists_gpus', 'rebuild', 'shares', 'typename', 'version')

    def __init__(self, tag: int, typename: str, version: int, lead: list[int], rebuild: bool) -> None:
        # Before its fields stand a parallel network's list of GPUs, or nn.GPU's type and device, which are fields, too.
        self.lists_gpus = typename == 'nn.DataParallelTable' and version > 1
        super().__init__(tag, wanted=2 if self.lists_gpus or typename == 'nn.GPU' else 1)
        self.typename, self.version, self.lead, self.rebuild = typename, version, lead, rebuild
        self.shares = False  # whether its table of fields stands elsewhere, too
        self.fields_for: Callable[[Fields], Fields] | None = None

    def take(self, child: Any) -> None:
        """Add the table of fields: a class that wrote itself in another way is told by what stands there instead."""
        if not isinstance(child, TableNode):
            raise FileFormatError(
                f'expected the fields of {self.typename} as a table, got something else',
                hint='the class writes its objects in a way of its own, which nnlite does not know',
            )
        self.shares = child.parent is not None
        super().take(child)

    def start(self) -> None:
        """Make an object of our class of that name, or a TorchObject."""
        found = class_of(self.typename, self.children[-1].plain()) if self.rebuild and not self.lead else None
        if found is not None:
            if self.shares:  # which Torch never writes, and a small file could have gone through very often
                raise FileFormatError(f'expected a table of its own for fields of {self.typename}, got a shared one')
            cls, self.fields_for = found
            self.value = cls.__new__(cls)
        else:
            version = 1 if self.lists_gpus else self.version  # the one that is written without the list of GPUs
            self.value = TorchObject(self.typename, {}, version, self.lead)

    def finish(self) -> None:
        """Hand the fields over."""
        fields = self.children[-1].value if self.children[-1].wanted else {}
        if self.lists_gpus and isinstance(fields, dict):
            fields['gpuAssignments'] = self.children[0].value
        if self.fields_for is None:
            self.value.fields = fields
        elif not isinstance(fields, dict) or not all(isinstance(name, str) for name in fields):
            raise FileFormatError(f'expected the fields of {self.typename} to have names, got other keys')
        elif hasattr(self.value, 'read'):
            self._read(dict(fields), self.fields_for)
        else:
            self.value.__dict__.update(fields)

    def _read(self, fields: Fields, fields_for: Callable[[Fields], Fields]) -> None:
        try:
            self.value.read(fields_for(fields), self.version)
        except MemoryError:
            raise
        except Exception as error:  # a stranger's fields may be missing, or of any type
            reason = error.message if isinstance(error, Error) else f'{type(error).__name__}: {error}'[:200]
            hint = error.hint if isinstance(error, Error) else None
            raise FileFormatError(f'{self.typename} cannot be made of its fields: {reason}', hint=hint) from error

    def check(self, sound: set[int]) -> None:
        """See to what the object needs."""
        if self.fields_for is not None:
            complete(self.value, sound)


class FunctionNode(Node):
    """A Lua closure: its child is the table of its upvalues.

    Args:
        tag: the type that the file gives it.
        bytecode: what Lua's string.dump made of it.
    """

    __slots__ = ('bytecode',)

    def __init__(self, tag: int, bytecode: bytes) -> None:
        super().__init__(tag)
        self.bytecode = bytecode

    def start(self) -> None:
        """Make the record."""
        self.value = LuaFunction(self.bytecode, tag=self.tag)

    def finish(self) -> None:
        """Hand the upvalues over."""
        self.value.upvalues = value_of(self.children[0])

    def label(self, place: int) -> str:
        """Return the one place there is."""
        return '.upvalues'


def value_of(child: Any) -> Any:
    """Return the Python value of a node's child, which is a node itself or a plain value."""
    return child.value if isinstance(child, Node) else child
