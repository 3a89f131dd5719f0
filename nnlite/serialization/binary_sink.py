"""Primitive values as the bytes of a binary file: little-endian, longs of eight bytes, as Torch7 writes on a PC."""

import struct

import numpy as np

_INT, _DOUBLE = struct.Struct('<i'), struct.Struct('<d')


class BinarySink:
    """Turns values into bytes, as Torch's File.writeInt and its kin."""

    def writeInt(self, number: int) -> bytes:
        """Return an int, of four bytes."""
        return _INT.pack(number)

    def writeDouble(self, number: float) -> bytes:
        """Return a double."""
        return _DOUBLE.pack(number)

    def writeLong(self, *numbers: int) -> bytes:
        """Return longs, written at a time."""
        return struct.pack(f'<{len(numbers)}q', *numbers)

    def writeChar(self, chars: bytes) -> bytes:
        """Return a string."""
        return chars

    def writeArray(self, array: np.ndarray) -> memoryview:
        """Return the elements of a vector."""
        return array.astype(array.dtype.newbyteorder('<'), copy=False).data
