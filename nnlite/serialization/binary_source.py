"""The primitive values of a binary file, as Torch's File.readInt and its kin, for a file that is not to be trusted."""

import os
import struct
from typing import BinaryIO, Literal

import numpy as np

from nnlite.errors import FileFormatError


class BinarySource:
    """Reads ints of four bytes, doubles of eight, longs of either; never more than is left of the file.

    Every method raises FileFormatError where the file ends too early; none takes memory before it has checked that.

    Args:
        file: where to read from.
        order: '<' for a little-endian file, '>' for a big-endian one.
        long_size: how many bytes a long has, 8 or 4: the file does not say.
    """

    # The size of a pair in a table: a boolean and a nil, or more.
    smallest_pair = 12

    def __init__(self, file: BinaryIO, order: Literal['<', '>'] = '<', long_size: int = 8) -> None:
        self.file, self.order, self.long_size = file, order, long_size
        self.size = os.fstat(file.fileno()).st_size
        self.offset = file.tell()
        self._int, self._double = struct.Struct(f'{order}i'), struct.Struct(f'{order}d')

    def __str__(self) -> str:
        return f'binary, {"little" if self.order == "<" else "big"}-endian, {self.long_size}-byte longs'

    @property
    def left(self) -> int:
        """The number of bytes from here to the end of the file."""
        return self.size - self.offset

    def seek(self, offset: int) -> None:
        """Go back to an offset."""
        self.file.seek(offset)
        self.offset = offset

    def readInt(self) -> int:
        """Return the next int."""
        return self._int.unpack(self._bytes(4, 'an int'))[0]

    def peekInt(self, count: int) -> list[int]:
        """Return the next `count` ints, or none if the file ends before, and stay in front of them."""
        data = self.file.read(4 * count)
        self.file.seek(self.offset)
        return list(struct.unpack(f'{self.order}{count}i', data)) if len(data) == 4 * count else []

    def readDouble(self) -> float:
        """Return the next double."""
        return self._double.unpack(self._bytes(8, 'a number'))[0]

    def readLong(self, count: int) -> list[int]:
        """Return the next `count` longs."""
        kind = 'q' if self.long_size == 8 else 'i'
        return list(struct.unpack(f'{self.order}{count}{kind}', self._bytes(self.long_size * count, f'{count} longs')))

    def readChar(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        return self._bytes(count, 'a string')

    def readArray(self, dtype: np.dtype, count: int) -> np.ndarray:
        """Return the next `count` elements of a type, in memory of their own."""
        stored = np.dtype(f'i{self.long_size}') if dtype == np.int64 else dtype
        self._expect(count * stored.itemsize, f'a storage of {count} elements')
        array = np.empty(count, stored.newbyteorder(self.order))
        if self.file.readinto(array.view(np.uint8).data) != array.nbytes:  # type: ignore[attr-defined]
            raise FileFormatError('the file became shorter while it was read')
        self.offset += array.nbytes
        return array.astype(dtype, copy=False)

    def _bytes(self, count: int, what: str) -> bytes:
        data = self.file.read(count) if 0 <= count <= self.size - self.offset else b''
        if len(data) != count:
            self._expect(count, what)
            raise FileFormatError('the file became shorter while it was read')
        self.offset += count
        return data

    def _expect(self, count: int, what: str) -> None:
        if not 0 <= count <= self.left:
            raise FileFormatError(
                f'expected 0 to {self.left} bytes, which are left of the file, for {what}, got {count}',
                hint='the file is damaged or cut short: fetch it again',
            )
