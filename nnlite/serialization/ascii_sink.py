"""Primitive values as the text of an ascii file, to the letter as Torch7 writes them."""

import numpy as np

# So many digits tell any two numbers apart.
_DIGITS = {np.dtype('f8'): '%.17g', np.dtype('f4'): '%.9g', np.dtype('f2'): '%.9g'}


class AsciiSink:
    """Turns values into text: what is written at a time has spaces between and a newline behind, if it is anything."""

    def writeInt(self, number: int) -> bytes:
        """Return an int."""
        return b'%d\n' % number

    def writeDouble(self, number: float) -> bytes:
        """Return a double."""
        return b'%.17g\n' % number

    def writeLong(self, *numbers: int) -> bytes:
        """Return longs, written at a time."""
        return self._line(' '.join(map(str, numbers)).encode())

    def writeChar(self, chars: bytes) -> bytes:
        """Return a string, as it is."""
        return self._line(chars)

    def writeArray(self, array: np.ndarray) -> bytes:
        """Return the elements of a vector; bytes as they are."""
        if array.itemsize == 1:
            return self._line(array.tobytes())
        form = _DIGITS.get(array.dtype, '%d')
        return self._line(' '.join([form % number for number in array.tolist()]).encode())

    def _line(self, text: bytes) -> bytes:
        return text + b'\n' if text else text
