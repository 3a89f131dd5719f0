"""Reads Torch's binary .t7 files. Source: torch7, File.lua, generic/Tensor.c and generic/Storage.c."""

import math
import os
import re
from typing import Any

import numpy as np

from nnlite.errors import FileFormatError
from nnlite.serialization import t7_format as t7
from nnlite.serialization.binary_source import BinarySource
from nnlite.serialization.t7_nodes import FunctionNode, Node, ObjectNode, TableNode, value_of
from nnlite.serialization.tensor_view import tensor_view
from nnlite.tensor.storage import Storage


def load(
    path: str | os.PathLike[str],
    *,
    max_depth: int = t7.MAX_DEPTH,
    max_values: int = 10_000_000,
    max_expanded: int = 2**30,
) -> Any:
    """Return the value in a binary .t7 file, as Torch's torch.load; the file need not be trusted.

    A table whose keys are 1..n becomes a list, one of strings and numbers a dict, any other an nnlite.LuaTable; a
    number an int if it is whole, else a float; a string a str, or bytes where it is not UTF-8; a tensor an array, a
    bare storage an nnlite.Storage; an object of nn ours, of an unknown class an nnlite.TorchObject; a function a
    LuaFunction, which cannot be run. What is one thing in the file is one here: tables, objects, the memory of arrays.
    Of several values in a file, this is the first.

    Args:
        path: the file.
        max_depth: how deep values may lie in each other.
        max_values: how many there may be.
        max_expanded: how many bytes a tensor may seem to have that is larger than its storage.

    Raises:
        FileFormatError: the file is damaged, of another kind, or beyond these bounds; says the byte and the path in it.
        OSError: the file cannot be read.
    """
    with open(path, 'rb') as file:
        return T7Reader(BinarySource(file), os.fspath(path), max_depth, max_values, max_expanded).read()


class T7Reader:
    """Torch's File.readObject, over a source of primitive values.

    Args:
        source: where ints, longs, doubles, chars and arrays come from.
        name: what errors call it.
        max_depth: see load.
        max_values: see load.
        max_expanded: see load.
    """

    def __init__(self, source: BinarySource, name: str, max_depth: int, max_values: int, max_expanded: int) -> None:
        self.source, self.name = source, name
        self.max_depth, self.max_values, self.max_expanded = max_depth, max_values, max_expanded
        self.values = 0
        self.known: dict[int, Node | Storage | np.ndarray] = {}

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
        for make in (lambda node: node.start(), lambda node: node.finish()):
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
            hint = 'Torch7 writes such files with torch.save(path, object); ascii and big-endian ones cannot be read'
            first = self.source.offset == 4
            raise FileFormatError(f'expected the tag of a type, 0 to 8, got {tag}', hint=hint if first else None)
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
        return ObjectNode(tag, typename, version)

    def _table(self) -> TableNode:
        size = self.source.readInt()
        most = self.source.left // 12  # a pair is a boolean and a nil, or longer
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
