"""The primitive values of an ascii file, as Torch's File.readInt and its kin, for a file that is not to be trusted."""

import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np

from nnlite.errors import FileFormatError

# As long as C's printf makes any, and no longer: Python is slow to turn thousands of digits into an int.
_NUMBER = re.compile(rb'\s*(\S{1,400})(?!\S)')


class AsciiSource:
    """Reads numbers as C's scanf does, with space between them, and strings by their length.

    Behind what is read at a time stands a newline, which belongs to it. The methods are those of BinarySource.

    Args:
        file: where to read from; all of it is read at once.
    """

    # The size of a pair in a table: a boolean and a nil, each digit with a newline, or more.
    smallest_pair = 6

    def __init__(self, file: BinaryIO) -> None:
        self.text = file.read()
        self.offset = 0

    def __str__(self) -> str:
        return 'ascii'

    @property
    def left(self) -> int:
        """The number of bytes from here to the end of the file."""
        return len(self.text) - self.offset

    def seek(self, offset: int) -> None:
        """Go back to an offset."""
        self.offset = offset

    def readInt(self) -> int:
        """Return the next int."""
        return self._read(int, 1, next)

    def peekInt(self, count: int) -> list[int]:
        """Return the next `count` ints, or none if something else comes, and stay in front of them."""
        offset = self.offset
        try:
            return self._read(int, count, list)
        except FileFormatError:
            return []
        finally:
            self.offset = offset

    def readDouble(self) -> float:
        """Return the next double."""
        return self._read(float, 1, next)

    def readLong(self, count: int) -> list[int]:
        """Return the next `count` longs."""
        return self._read(int, count, list)

    def readChar(self, count: int) -> bytes:
        """Return the next `count` bytes, whatever they are."""
        if not 0 <= count <= self.left:
            raise self._short(count, 'a string')
        chars = self.text[self.offset : self.offset + count]
        self._skip(self.offset + count, count)
        return chars

    def readArray(self, dtype: np.dtype, count: int) -> np.ndarray:
        """Return the next `count` elements of a type, in memory of their own; those of one byte are kept as bytes."""
        if dtype.itemsize == 1:
            return np.frombuffer(bytearray(self.readChar(count)), dtype)
        if not 0 <= count <= (self.left + 1) // 2:  # a digit each, and the space between them
            raise self._short(count, 'numbers')
        with np.errstate(over='ignore'):
            parse = float if dtype.kind == 'f' else int
            return self._read(parse, count, lambda numbers: np.fromiter(numbers, dtype, count))

    def _read(self, parse: Callable[[bytes], Any], count: int, collect: Callable[[Iterator[Any]], Any]) -> Any:
        """Return what `collect` makes of the next `count` numbers, which were written at a time."""
        try:
            found = collect(self._numbers(parse, count))
        except (ValueError, OverflowError):
            raise FileFormatError(f'expected {count} numbers, got something else, or one too large') from None
        self._skip(self.offset, count)
        return found

    def _numbers(self, parse: Callable[[bytes], Any], count: int) -> Iterator[Any]:
        for _ in range(count):
            match = _NUMBER.match(self.text, self.offset)
            if match is None:
                raise ValueError
            self.offset = match.end()
            yield parse(match[1])

    def _skip(self, offset: int, count: int) -> None:
        """Go on from an offset, behind the newline that ends what was written at a time: one value or more."""
        self.offset = offset + (count > 0 and self.text[offset : offset + 1] == b'\n')

    def _short(self, count: int, what: str) -> FileFormatError:
        return FileFormatError(
            f'expected no more {what} than the {self.left} bytes that are left of the file can hold, got {count}',
            hint='the file is damaged or cut short: fetch it again',
        )
