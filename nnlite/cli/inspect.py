"""Print what is in a .t7 file, of Torch7 or of nnlite: every class, shape, type and number, as the file has them.

Nothing of a file is run, and no class needs to be known. What is there twice is shown once, and named again by its
path; so is the memory of an array that lies in that of another. Paths are Lua's: lists count from 1.
"""

import argparse
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnlite.errors import Error
from nnlite.serialization import LuaFunction
from nnlite.serialization.t7_reader import T7Reader, read_file
from nnlite.tensor.lua import LuaTable, TorchObject
from nnlite.tensor.memory import address, root
from nnlite.tensor.storage import Storage
from nnlite.tensor.types import type_of

EXAMPLE = 'nnlite inspect model.t7 --depth 3'

# What is shown of a long list, string or path.
ENTRIES, CHARACTERS = 12, 60
MAX_DEPTH = 200

_PARAMETERS = ('weight', 'bias')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('file', help='a .t7 file of any form: binary or ascii, of either byte order')
    parser.add_argument('--depth', type=int, default=12, help='how many levels to show')
    parser.add_argument('--all', action='store_true', help='show long lists whole')


def run(args: argparse.Namespace) -> int:
    """Print one line for the file, and the tree of each value in it."""
    if not 1 <= args.depth <= MAX_DEPTH:
        raise Error(f'expected a depth from 1 to {MAX_DEPTH}, got {args.depth}')
    reader, values = read_file(args.file, None, lambda reader: (reader, list(reader.read_all())), rebuild=False)
    print(_summary(args.file, reader, values))
    tree = _Tree(args.depth, None if args.all else ENTRIES)
    for number, value in enumerate(values, 1):
        for line in tree.lines(value, f'value {number}' if len(values) > 1 else ''):
            print(line)
    return 0


def _summary(path: str, reader: T7Reader, values: list[Any]) -> str:
    """Return the line of the file: its form, and how much is in it."""
    parts = [str(reader.source), _count(os.path.getsize(path), 'byte'), _count(len(values), 'value')]
    parts.append(_count(len(reader.known), 'object'))
    things = [known.value if hasattr(known, 'value') else known for known in reader.known.values()]
    parameters = {
        address(array): array.size for thing in things if isinstance(thing, TorchObject) for array in _own(thing)
    }
    if parameters:
        parts.append(_count(sum(parameters.values()), 'parameter'))
    return f'{path}: {", ".join(parts)}'


class _Tree:
    """The lines of values that hang below each other.

    Args:
        depth: how many levels to show.
        entries: how much of a long list to show; None for all of it.
    """

    def __init__(self, depth: int, entries: int | None) -> None:
        self.depth, self.entries = depth, entries
        # Where what can be there twice was first, by its identity; the things themselves live as long as the values.
        self.first: dict[int, str] = {}

    def lines(self, value: Any, path: str, step: str = '', level: int = 0) -> Iterator[str]:
        """Yield the lines of a value and of all below it.

        Args:
            value: what to show.
            path: the way to it.
            step: the last step of that way.
            level: how deep it lies.
        """
        text, below = self._said(value, path)
        if level + 1 == self.depth and below:
            text, below = f'{text} ...', []
        yield '  ' * level + (f'{step.removeprefix(".")}: {text}' if step else text)
        shown = below[: self.entries]
        for step, child in shown:
            yield from self.lines(child, _joined(path, step), step, level + 1)
        if len(shown) < len(below):
            yield '  ' * (level + 1) + f'... {len(below) - len(shown):,} more; --all shows them'

    def _said(self, value: Any, path: str) -> tuple[str, list[tuple[str, Any]]]:
        """Return what a line says of a value, and what is to be shown below it, each with its step in a path."""
        if isinstance(value, np.ndarray):
            return self._tensor(value, path), []
        if not isinstance(value, (list, dict, LuaTable, TorchObject, LuaFunction, Storage)):
            return _plain(value), []
        if id(value) in self.first:
            return f'the same as {self.first[id(value)]}', []
        self.first[id(value)] = path or 'the whole value'
        if isinstance(value, Storage):
            kind = type_of(value.memory).removeprefix('torch.').replace('Tensor', 'Storage')
            return f'{kind} of {len(value):,}{_numbers(value.memory)}', []
        if isinstance(value, LuaFunction):
            return f'function, {_count(len(value.bytecode), "byte")} of bytecode', _entries(value.upvalues)
        if isinstance(value, TorchObject):
            return self._object(value)
        below = _entries(value)
        if self.entries is not None and below and all(_is_plain(child) for _, child in below):
            return f'{_kind(value)}: {self._inline(value, below)}', []
        return _kind(value), below

    def _object(self, thing: TorchObject) -> tuple[str, list[tuple[str, Any]]]:
        parameters = sum(array.size for array in _own(thing))
        text = thing.typename + (f', {_count(parameters, "parameter")}' if parameters else '')
        below = _entries(thing.fields)
        facts = [(step, child) for step, child in below if _is_brief(child)]
        if self.entries is None or not facts:
            return text, below
        said = ', '.join(f'{step.removeprefix(".")} {_plain(child)}' for step, child in facts)
        return f'{text} ({said})', [(step, child) for step, child in below if not _is_brief(child)]

    def _inline(self, table: Any, below: list[tuple[str, Any]]) -> str:
        """Return the plain values of a table on one line, as many as there is room for."""
        named = not isinstance(table, list)
        texts = [f'{step.removeprefix(".")} {_plain(child)}' if named else _plain(child) for step, child in below]
        texts = texts[: self.entries]
        return ', '.join(texts) + (f', ... {len(below) - len(texts):,} more' if len(texts) < len(below) else '')

    def _tensor(self, array: np.ndarray, path: str) -> str:
        kind = type_of(array).removeprefix('torch.')
        if not array.size:
            return f'{kind}, empty'
        if id(array) in self.first:
            return f'the same as {self.first[id(array)]}'
        memory = self.first.setdefault(id(root(array)), path)
        self.first[id(array)] = path or 'the whole value'
        text = f'{kind} {"x".join(map(str, array.shape))}, {_count(array.size * array.itemsize, "byte")}'
        if not array.flags.c_contiguous:
            text += f', strides {"x".join(str(step // array.itemsize) for step in array.strides)}'
        return text + (f', in the memory of {memory}' if memory != path else _numbers(array))


def _own(thing: TorchObject) -> list[np.ndarray]:
    """Return the parameters of an object itself."""
    fields = thing.fields if isinstance(thing.fields, dict) else {}
    return [fields[name] for name in _PARAMETERS if isinstance(fields.get(name), np.ndarray)]


def _entries(table: Any) -> list[tuple[str, Any]]:
    """Return what is in a table, each with its step in a path."""
    if isinstance(table, list):
        return [(f'[{place}]', value) for place, value in enumerate(table, 1)]
    if isinstance(table, (dict, LuaTable)):
        return [(_step(key), value) for key, value in table.items()]
    return [('', table)] if table else []


def _step(key: Any) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f'.{_shortened(key)}'
    return f'[{_plain(key) if _is_plain(key) else _kind(key)}]'


def _joined(path: str, step: str) -> str:
    """Return the path of a child; of a long one the end."""
    whole = f'{path}{step}' if path else step.removeprefix('.')
    return whole if len(whole) <= 4 * CHARACTERS else f'...{whole[-3 * CHARACTERS :]}'


def _kind(value: Any) -> str:
    if isinstance(value, TorchObject):
        return value.typename
    if isinstance(value, np.ndarray):
        return type_of(value).removeprefix('torch.')
    if isinstance(value, list):
        return f'list of {len(value):,}'
    return f'table of {len(value):,}' if isinstance(value, (dict, LuaTable)) else type(value).__name__


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, bytes))


def _is_brief(value: Any) -> bool:
    """Return whether a field needs no line of its own: modules have many numbers and many empty buffers."""
    return _is_plain(value) or (isinstance(value, np.ndarray) and not value.size)


def _plain(value: Any) -> str:
    """Return a value that needs no line of its own, as Lua would say it."""
    if isinstance(value, np.ndarray):
        return 'empty'
    if isinstance(value, (str, bytes)):
        return _shortened(repr(value))
    if value is None or isinstance(value, bool):
        return 'nil' if value is None else str(value).lower()
    return repr(value)


def _numbers(array: np.ndarray) -> str:
    """Return the numbers of a small vector."""
    if array.ndim > 1 or not 0 < array.size <= ENTRIES:
        return ''
    return f': {", ".join(f"{number:.6g}" for number in array.tolist())}'


def _shortened(text: str) -> str:
    return text if len(text) <= CHARACTERS else f'{text[:CHARACTERS]}... {len(text):,} characters'


def _count(number: int, what: str) -> str:
    return f'{number:,} {what}{"" if number == 1 else "s"}'
