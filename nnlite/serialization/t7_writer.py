"""Writes Torch's .t7 files. Source: torch7, File.lua, generic/Tensor.c and generic/Storage.c."""

import math
import os
import re
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

import numpy as np

from nnlite.errors import Error
from nnlite.serialization import t7_format as t7
from nnlite.serialization.classes import typename_of
from nnlite.serialization.forms import Sink, sink
from nnlite.serialization.lua_function import LuaFunction
from nnlite.serialization.span import Span
from nnlite.tensor.devices import is_on_gpu, to_host
from nnlite.tensor.lua import LuaTable, TorchObject
from nnlite.tensor.memory import address, root, transplant
from nnlite.tensor.storage import Storage
from nnlite.tensor.types import type_of
from nnlite.whole_file import whole_file

# The values in a value, each with its step in a path: as it is to be shown, or (key,).
Children = Iterable[tuple[str | tuple[Any], Any]]

_TABLES = (list, tuple, dict, LuaTable)


def save(path: str | os.PathLike[str], value: Any, format: str = 'binary') -> None:
    """Write a value to a .t7 file that nnlite.load and Torch's torch.load read, whole or not at all.

    Lists and tuples become tables with keys 1..n, dicts and LuaTables tables, arrays tensors, an nnlite.Storage a bare
    storage, objects of nn, of registered classes and TorchObjects Torch objects. What is met twice is written once, and
    arrays that are views of one memory are tensors of one storage, cut to the part that they use. What lives on a GPU
    is written as it would be on the host.

    Lua has fewer values than Python. A key whose value is None is there for nnlite and absent for Torch; numbers are
    doubles; bytes that are UTF-8 come back as str, and an array of no elements as one of shape (0,).

    Args:
        path: the file; it keeps its old contents until the new are on the disk.
        value: what to save.
        format: 'binary' or 'ascii': text, which Torch on any machine reads with torch.load(path, 'ascii').

    >>> import nnlite, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nnlite.save(f'{folder}/state.t7', {'epoch': 3, 'best': [0.5, 'model_2.t7']})
    ...     nnlite.load(f'{folder}/state.t7')
    {'epoch': 3, 'best': [0.5, 'model_2.t7']}

    Raises:
        Error: a value that a .t7 file cannot hold; says where it is. Nothing is written.
        OSError: the file cannot be written.
    """
    writer = T7Writer(sink(format))
    writer.add(value)
    with whole_file(path) as file:
        writer.write(file)


class T7Writer:
    """Torch's File.writeObject: all values are added first, which decides what each storage must span, then written.

    Args:
        sink: what ints, longs, doubles, chars and arrays become.
    """

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.pieces: list[bytearray | Callable[[], Any]] = []
        self.count = 0
        # What has an index, by its identity; with the thing itself, lest another get the same identity.
        self.indices: dict[int, tuple[int, Any]] = {}
        self.spans: dict[tuple[int, np.dtype, int], Span] = {}
        # What became of memory on a GPU, each piece copied once; with the piece, lest another get the same address.
        self.copies: dict[Any, tuple[np.ndarray, Any]] = {}

    def add(self, value: Any) -> None:
        """Add a value and all that hangs below it.

        Raises:
            Error: a value that a .t7 file cannot hold.
        """
        stack = [_Place([('', value)])]
        try:
            while stack:
                below = self._next_below(stack[-1])
                if below is None:
                    stack.pop()
                elif len(stack) > t7.MAX_DEPTH:
                    raise Error(f'expected values of at most {t7.MAX_DEPTH} levels')
                else:
                    stack.append(_Place(below))
        except Error as error:
            error.where = _path(stack)
            raise

    def _next_below(self, place: '_Place') -> Children | None:
        """Add what is left in a place up to the next value that has others in it, and return those."""
        for step, child in place.children:
            place.step = step
            below = self._head(child)
            if below is not None:
                return below
        return None

    def write(self, file: BinaryIO) -> None:
        """Write all that was added."""
        for piece in self.pieces:
            file.write(piece() if callable(piece) else piece)

    def _head(self, value: Any) -> Children | None:
        """Write all of a value but the values in it, and return those, each with its step in a path."""
        match value:
            case None:
                self._int(t7.NIL)
            case bool() | np.bool():
                self._int(t7.BOOLEAN, int(value))
            case int() | float() | np.integer() | np.floating():
                self._number(value)
            case str() | bytes():
                self._int(t7.STRING)
                self._chars(value)
            case Storage():
                self._storage(value)
            case _ if is_on_gpu(value):
                self._tensor(value)
            case np.ndarray() if not isinstance(value, np.ma.MaskedArray):
                self._tensor(value)
            case list() | tuple() | dict() | LuaTable():
                return self._table(value)
            case LuaFunction():
                return self._function(value)
            case _:
                return self._object(value)
        return None

    def _number(self, value: Any) -> None:
        if isinstance(value, (int, np.integer)) and abs(int(value)) > t7.WHOLE:
            raise Error(
                f'expected a whole number of at most 2**53 in size, got {value}: Lua numbers are doubles',
                hint='save it as a str, or in an int64 array',
            )
        self._put(self.sink.writeInt(t7.NUMBER) + self.sink.writeDouble(float(value)))

    def _is_new(self, tag: int, thing: Any) -> bool:
        """Write tag and index of a thing, and return whether its contents are still to come."""
        known = self.indices.get(id(thing))
        index = known[0] if known else self._next_index()
        self.indices[id(thing)] = index, thing
        self._int(tag, index)
        return known is None

    def _next_index(self) -> int:
        self.count += 1
        return self.count

    def _table(self, table: Any) -> Children:
        if not self._is_new(t7.TABLE, table):
            return
        self._int(len(table))
        if isinstance(table, (list, tuple)):
            for place, value in enumerate(table):
                self._number(place + 1)
                yield (place,), value
            return
        for key in table:
            if key is None or (isinstance(key, (float, np.floating)) and math.isnan(key)):
                raise Error(f'expected keys that a Lua table can have, got {key}')
        for key, value in table.items():
            yield ' (a key)', key
            yield (key,), value

    def _function(self, function: LuaFunction) -> Children:
        if function.tag == t7.FUNCTION_6:
            self._int(t7.FUNCTION_6)
        elif not self._is_new(function.tag, function):
            return
        self._chars(function.bytecode)
        yield '.upvalues', function.upvalues

    def _object(self, thing: Any) -> Children:
        is_data = isinstance(thing, TorchObject)
        typename = thing.typename if is_data else typename_of(thing)
        if typename is None:
            raise Error(
                f'expected a value that a .t7 file can hold, got an object of {type(thing).__name__}',
                hint="if it is a class of yours, nnlite.register('my.Class')(Class) gives it a name in files",
            )
        if typename in t7.TENSORS or typename in t7.STORAGES or not re.fullmatch(t7.CLASS_NAME, typename):
            raise Error(f'expected the name of a class, got {typename!r}')
        if not self._is_new(t7.TORCH, thing):
            return
        version = getattr(thing if is_data else type(thing), 'version', 1)
        if not isinstance(version, int) or not 0 <= version < 10**9:
            raise Error(f'expected the version of {typename} to be a whole number, got {version!r}')
        self._class(typename, version)
        if is_data:
            self._int(*thing.lead)
        fields = thing.fields if is_data else _written(thing, typename)
        if not isinstance(fields, _TABLES):
            raise Error(f'expected the fields of {typename} as a dict, got {type(fields).__name__}')
        if typename == 'nn.GPU' and isinstance(fields, dict):  # its type and device stand before its fields, too
            yield '', [fields.get('_type'), fields.get('device')]
        yield '', fields

    def _tensor(self, array: np.ndarray) -> None:
        if not self._is_new(t7.TORCH, array):
            return
        array = _plain(self._on_host(array))
        self._class(type_of(array))
        if not array.size:
            self._int(0)  # Torch's tensor without elements has no dimensions, and no storage
            self._put(self.sink.writeLong(1))
            self._int(t7.NIL)
            return
        self._int(array.ndim)
        self._put(self.sink.writeLong(*array.shape))
        self._put(self.sink.writeLong(*(max(step // array.itemsize, 0) for step in array.strides)))
        span, is_new = self._span(array, root(array))
        self.pieces.append(lambda: self.sink.writeLong(span.offset(array) + 1))
        self._int(t7.TORCH, span.index)
        if is_new:
            self._span_contents(span, array.dtype)

    def _storage(self, storage: Storage) -> None:
        if id(storage) in self.indices:
            self._int(t7.TORCH, self.indices[id(storage)][0])
            return
        memory = _plain(self._on_host(storage.memory))
        # One that is a part of more memory stands alone in the file: its size means something.
        owner = root(memory) if root(memory).nbytes == memory.nbytes else memory
        span, is_new = self._span(memory, owner)
        self.indices[id(storage)] = span.index, storage
        self._int(t7.TORCH, span.index)
        if is_new:
            self._span_contents(span, memory.dtype)

    def _on_host(self, array: Any) -> np.ndarray:
        """Return the array, or, of one on a GPU, a twin on the host; twins share memory as the arrays do."""

        def copied(memory: Any) -> np.ndarray:
            key = address(memory)
            if key not in self.copies:
                self.copies[key] = to_host(memory), memory
            return self.copies[key][0]

        return transplant([array], copied, whole=True)[0] if is_on_gpu(array) else array

    def _span(self, array: np.ndarray, owner: np.ndarray) -> tuple[Span, bool]:
        """Return the span that an array is to lie in, stretched over it, and whether it is new."""
        address = array.__array_interface__['data'][0]
        key = id(owner), array.dtype, address % array.itemsize
        is_new = key not in self.spans
        if is_new:
            self.spans[key] = Span(self._next_index())
        self.spans[key].add(array)
        return self.spans[key], is_new

    def _span_contents(self, span: Span, dtype: np.dtype) -> None:
        """Write a storage as it will be when all arrays of its memory are known."""
        self._class(t7.storage_name(dtype))
        self.pieces.append(lambda: self.sink.writeLong(span.memory().size))
        self.pieces.append(lambda: self.sink.writeArray(span.memory()))

    def _class(self, typename: str, version: int = 1) -> None:
        self._chars(f'V {version}')
        self._chars(typename)

    def _chars(self, text: str | bytes) -> None:
        try:
            data = text.encode() if isinstance(text, str) else text
        except UnicodeEncodeError as error:
            raise Error(
                f'expected text that has a form in UTF-8, got {text[:40]!r}', hint='save it as bytes'
            ) from error
        if len(data) >= 2**31:
            raise Error(f'expected a string of less than 2**31 bytes, got {len(data)}', hint='save it as a uint8 array')
        self._int(len(data))
        self._put(self.sink.writeChar(data))

    def _int(self, *numbers: int) -> None:
        for number in numbers:
            self._put(self.sink.writeInt(number))

    def _put(self, data: bytes) -> None:
        last = self.pieces[-1] if self.pieces else None
        if isinstance(last, bytearray):
            last += data
        else:
            self.pieces.append(bytearray(data))


class _Place:
    """What is in a value, as far as it has been added, and the last step of the way to it."""

    __slots__ = ('children', 'step')

    def __init__(self, children: Children) -> None:
        self.children = iter(children)
        self.step: str | tuple[Any] = ''


def _written(thing: Any, typename: str) -> Any:
    """Return the fields of an object as its class says them."""
    if not hasattr(thing, 'write'):
        return vars(thing)
    try:
        return thing.write()
    except (Error, MemoryError):
        raise
    except Exception as error:  # a stranger's file may have given it anything
        raise Error(f'{typename} cannot say its fields: {type(error).__name__}: {error}'[:200]) from error


def _path(places: list[_Place]) -> str:
    steps = [place.step if isinstance(place.step, str) else _label(*place.step) for place in places]
    return ''.join(steps).removeprefix('.') or 'the whole value'


def _label(key: Any) -> str:
    return f'.{key}' if isinstance(key, str) and key.isidentifier() else f'[{key!r:.40}]'


def _plain(array: np.ndarray) -> np.ndarray:
    """Return the array if a Torch tensor can lie in memory as it does, else a copy."""
    if array.ndim == 0:
        raise Error('expected an array of one or more dimensions, got one of none', hint='save its .item()')
    array = np.asarray(array, array.dtype.newbyteorder('='))
    steps = [step for size, step in zip(array.shape, array.strides, strict=True) if size > 1]
    return array if all(step >= 0 and step % array.itemsize == 0 for step in steps) else array.copy('C')
