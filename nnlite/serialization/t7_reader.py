"""Reads Torch's .t7 files. Source: torch7, File.lua, generic/Tensor.c and generic/Storage.c."""

import math
import os
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from nnlite.errors import FileFormatError
from nnlite.serialization import t7_format as t7
from nnlite.serialization.forms import Source, sources
from nnlite.serialization.t7_nodes import FunctionNode, Node, ObjectNode, TableNode, value_of
from nnlite.serialization.tensor_view import tensor_view
from nnlite.tensor.storage import Storage

Result = TypeVar('Result')

# How many ints a class may write before its table of fields.
MAX_LEAD = 16


def load(
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    rebuild: bool = True,
    max_depth: int = t7.MAX_DEPTH,
    max_values: int = 10_000_000,
    max_expanded: int = 2**30,
) -> Any:
    """Return the value in a .t7 file, as Torch's torch.load; the file need not be trusted.

    A table whose keys are 1..n becomes a list, one of strings and numbers a dict, any other an nnlite.LuaTable; a
    number an int if it is whole, else a float; a string a str, or bytes where it is not UTF-8; a tensor an array, a
    bare storage an nnlite.Storage; an object of nn ours, of an unknown class an nnlite.TorchObject; a function a
    LuaFunction, which cannot be run. What is one thing in the file is one here: tables, objects, the memory of arrays.
    Of several values in a file, this is the first; `loadAll` has them all.

    Args:
        path: the file.
        format: 'ascii', 'binary', 'b64' (binary, with longs of eight bytes) or 'b32' (of four); None for any: the file
            is then read as what it can be, of either byte order.
        rebuild: whether to make objects of our classes; if not, every object is a TorchObject, as it is in the file.
        max_depth: how deep values may lie in each other.
        max_values: how many there may be.
        max_expanded: how many bytes a tensor may seem to have that is larger than its storage.

    Raises:
        FileFormatError: the file is damaged, of another kind, or beyond these bounds; says the byte and the path in it.
        OSError: the file cannot be read.
    """
    bounds = {'max_depth': max_depth, 'max_values': max_values, 'max_expanded': max_expanded}
    return read_file(path, format, T7Reader.read, rebuild=rebuild, **bounds)


def loadAll(path: str | os.PathLike[str], format: str | None = None, **options: Any) -> list[Any]:
    """Return the values in a .t7 file that were written one after the other: a list, even of one.

    What is one thing in several of them is one here.

    Args:
        path: the file.
        format: as for `load`.
        options: as for `load`.

    Raises:
        FileFormatError, OSError: as for `load`.
    """
    return read_file(path, format, lambda reader: list(reader.read_all()), **options)


def read_file(
    path: str | os.PathLike[str], format: str | None, read: Callable[['T7Reader'], Result], **options: Any
) -> Result:
    """Return read(reader) for the first form of a file in which that succeeds.

    Raises:
        FileFormatError: none does; what is said is of the form in which it came furthest.
        OSError: the file cannot be read.
    """
    name = os.fspath(path)
    failed: list[tuple[int, FileFormatError]] = []
    with open(path, 'rb') as file:
        for source in sources(file, format):
            reader = T7Reader(source, name, **options)
            try:
                found = read(reader)
                while failed and source.left:  # a second guess must hold to the end of the file
                    reader.read()
                return found
            except FileFormatError as error:
                failed.append((source.offset, error))
    raise max(failed, key=lambda failure: failure[0])[1]


class T7Reader:
    """Torch's File.readObject, over a source of primitive values.

    Args:
        source: where ints, longs, doubles, chars and arrays come from.
        name: what errors call it.
        rebuild, max_depth, max_values, max_expanded: see load.
    """

    def __init__(
        self,
        source: Source,
        name: str,
        rebuild: bool = True,
        max_depth: int = t7.MAX_DEPTH,
        max_values: int = 10_000_000,
        max_expanded: int = 2**30,
    ) -> None:
        self.source, self.name, self.rebuild = source, name, rebuild
        self.max_depth, self.max_values, self.max_expanded = max_depth, max_values, max_expanded
        self.values = 0
        self.known: dict[int, Node | Storage | np.ndarray] = {}
        self.highest = 0  # the highest index

    def read_all(self) -> Iterator[Any]:
        """Yield the values of the file, one at least.

        Raises:
            FileFormatError: see load.
        """
        yield self.read()
        while self.source.left:
            yield self.read()

    def read(self) -> Any:
        """Return the next value of the file.

        Raises:
            FileFormatError: see load.
        """
        top = Node()
        done = []
        stack = [top]  # the values that are not complete: of our own, so that no file can make Python's overflow
        while stack:
            node = stack[-1]
            place, offset = len(node.children), self.source.offset
            if place == node.wanted:
                done.append(stack.pop())
                continue
            try:
                child = self._value(len(stack))
                node.take(child)
            except FileFormatError as error:
                self._locate(error, node, place, offset)
                raise
            if isinstance(child, Node) and child.parent is None:
                child.parent, child.place, child.offset = node, place, offset
                stack.append(child)
        self._build(done)
        return value_of(top.children[0])

    def _build(self, nodes: list[Node]) -> None:
        """Make the Python values of nodes that stand in the order of their ends: children before their parents."""
        sound: set[int] = set()
        for make in (lambda node: node.start(), lambda node: node.finish(), lambda node: node.check(sound)):
            for node in nodes:
                try:
                    make(node)
                except FileFormatError as error:
                    self._locate(error, node.parent or node, node.place, node.offset)
                    raise

    def _value(self, depth: int) -> Any:
        """Return the next value if it stands alone or is known already, else a new node, without its children."""
        self.values += 1
        if self.values > self.max_values:
            raise FileFormatError(f'expected at most {self.max_values} values', hint='load it with a larger max_values')
        tag = self.source.readInt()
        if tag == t7.NIL:
            return None
        if tag == t7.NUMBER:
            return _number(self.source.readDouble())
        if tag == t7.STRING:
            return _string(self._chars())
        if tag == t7.BOOLEAN:
            return self._boolean()
        if tag not in t7.COMPOSITE:
            raise FileFormatError(f'expected the tag of a type, 0 to 8, got {tag}')
        if depth > self.max_depth:
            raise FileFormatError(f'expected at most {depth - 1} levels', hint='load it with a larger max_depth')
        if tag == t7.FUNCTION_6:
            return FunctionNode(tag, self._chars())
        return self._indexed(tag)

    def _boolean(self) -> bool:
        value = self.source.readInt()
        if value not in (0, 1):
            raise FileFormatError(f'expected a boolean, 0 or 1, got {value}')
        return value == 1

    def _chars(self) -> bytes:
        return self.source.readChar(self.source.readInt())

    def _indexed(self, tag: int) -> Any:
        """Return a value that the file gives an index, and writes only once."""
        index = self.source.readInt()
        self.highest = max(self.highest, index)
        if index not in self.known:
            self.known[index] = self._new(tag)
        known = self.known[index]
        if tag != (known.tag if isinstance(known, Node) else t7.TORCH):
            raise FileFormatError(f'expected value {index} to be of one type, got tag {tag} as well')
        return known

    def _new(self, tag: int) -> Node | Storage | np.ndarray:
        if tag == t7.TABLE:
            return self._table()
        if tag != t7.TORCH:
            return FunctionNode(tag, self._chars())
        typename, version = self._class()
        if typename in t7.STORAGES:
            return self._storage(t7.STORAGES[typename])
        if typename in t7.TENSORS:
            return self._tensor(typename)
        return ObjectNode(tag, typename, version, self._lead(), self.rebuild)

    def _lead(self) -> list[int]:
        """Return the ints before the table of an object's fields: none, unless the class has a write() of its own.

        Nothing says how many they are. The table is told by its index, the next one.
        """
        offset = self.source.offset
        lead: list[int] = []
        while len(lead) < MAX_LEAD:
            match self.source.peekInt(2):
                case [t7.TABLE, index] if not lead or index == self.highest + 1:
                    return lead
                case []:
                    break
            lead.append(self.source.readInt())
        self.source.seek(offset)
        return []

    def _table(self) -> TableNode:
        size = self.source.readInt()
        most = self.source.left // self.source.smallest_pair
        if not 0 <= size <= most:
            raise FileFormatError(f'expected a table of 0 to {most} pairs, for which the file has room, got {size}')
        return TableNode(t7.TABLE, 2 * size)

    def _class(self) -> tuple[str, int]:
        """Return the name and version of a Torch class; the oldest files have no versions."""
        name, version = self._chars(), 0
        if match := re.fullmatch(rb'V (\d{1,9})', name):
            name, version = self._chars(), int(match[1])
        if not re.fullmatch(t7.CLASS_NAME.encode(), name):
            raise FileFormatError(f'expected the name of a class, got {name[:40]!r}')
        return name.decode(), version

    def _tensor(self, typename: str) -> np.ndarray:
        dimensions = self.source.readInt()
        if not 0 <= dimensions <= t7.MAX_DIMENSIONS:
            raise FileFormatError(f'expected a tensor of 0 to {t7.MAX_DIMENSIONS} dimensions, got {dimensions}')
        sizes, strides = self.source.readLong(dimensions), self.source.readLong(dimensions)
        [first] = self.source.readLong(1)
        return tensor_view(self._storage_below(typename), sizes, strides, first, self.max_expanded)

    def _storage_below(self, typename: str) -> np.ndarray:
        """Return the memory of the tensor whose head has just been read; one without elements may have none."""
        dtype = t7.TENSORS[typename]
        tag = self.source.readInt()
        if tag == t7.NIL:
            return np.empty(0, dtype)
        storage = None
        if tag == t7.TORCH:
            index = self.source.readInt()
            if index not in self.known and self._class()[0] == typename.replace('Tensor', 'Storage'):
                self.known[index] = self._storage(dtype)
            storage = self.known.get(index)
        if not isinstance(storage, Storage) or storage.memory.dtype != dtype:
            raise FileFormatError(f'expected the {typename} to have a storage of {dtype}, got something else')
        return storage.memory

    def _storage(self, dtype: np.dtype) -> Storage:
        [size] = self.source.readLong(1)
        return Storage(self.source.readArray(dtype, size))

    def _locate(self, error: FileFormatError, node: Node, place: int, offset: int) -> None:
        error.inside(f'{self.name}, byte {offset}, {node.path(place)}')


def _number(value: float) -> int | float:
    """Return a Lua number, as an int if that is the same number."""
    if not value.is_integer() or abs(value) > t7.WHOLE or (value == 0 and math.copysign(1, value) < 0):
        return value
    return int(value)


def _string(chars: bytes) -> str | bytes:
    try:
        return chars.decode()
    except UnicodeDecodeError:
        return chars
