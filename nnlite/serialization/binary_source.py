"""The primitive values of a binary file, as Torch's File.readInt and its kin, for a file that is not to be trusted."""

import os
import struct
from typing import BinaryIO

import numpy as np

from nnlite.errors import FileFormatError

_INT = struct.Struct('<i')
_DOUBLE = struct.Struct('<d')


class BinarySource:
    """Reads little-endian values with longs of eight bytes, and never more than is left of the file.

    Every method raises FileFormatError where the file ends too early; none takes memory before it has checked that.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = os.fstat(file.fileno()).st_size
        self.offset = file.tell()

    @property
    def left(self) -> int:
        """The number of bytes from here to the end of the file."""
        return self.size - self.offset

    def readInt(self) -> int:
        """Return the next int, of four bytes."""
        return _INT.unpack(self._bytes(4, 'an int'))[0]

    def readDouble(self) -> float:
        """Return the next double."""
        return _DOUBLE.unpack(self._bytes(8, 'a number'))[0]

    def readLong(self, count: int) -> list[int]:
        """Return the next `count` longs."""
        return list(struct.unpack(f'<{count}q', self._bytes(8 * count, f'{count} longs')))

    def readChar(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        return self._bytes(count, 'a string')

    def readArray(self, dtype: np.dtype, count: int) -> np.ndarray:
        """Return the next `count` elements of a type, in memory of their own."""
        self._expect(count * dtype.itemsize, f'a storage of {count} elements')
        array = np.empty(count, dtype.newbyteorder('<'))
        if self.file.readinto(array.view(np.uint8).data) != array.nbytes:  # type: ignore[attr-defined]
            raise FileFormatError('the file became shorter while it was read')
        self.offset += array.nbytes
        return array.astype(dtype, copy=False)

    def _bytes(self, count: int, what: str) -> bytes:
        self._expect(count, what)
        data = self.file.read(count)
        if len(data) != count:
            raise FileFormatError('the file became shorter while it was read')
        self.offset += count
        return data

    def _expect(self, count: int, what: str) -> None:
        if not 0 <= count <= self.left:
            raise FileFormatError(
                f'expected 0 to {self.left} bytes, which are left of the file, for {what}, got {count}',
                hint='the file is damaged or cut short: fetch it again',
            )
