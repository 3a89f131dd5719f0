"""A file to read from that refuses to hand out too much at once."""

from typing import IO

from nnlite.errors import FileFormatError


class BoundedReader:
    """Reads at most `limit` bytes at a time from a file, and remembers the `last` ones.

    What a header says about its length is believed by Python's tarfile, which would fill the memory at its word.

    Raises:
        FileFormatError: more is asked for at once.
    """

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file, self._limit = file, limit
        self.last = b''

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes, fewer at the end."""
        if not 0 <= size <= self._limit:
            raise FileFormatError(f'expected headers and files of at most {self._limit} bytes, got {size}')
        self.last = self._file.read(size)
        return self.last

    def seek(self, position: int, whence: int = 0) -> int:
        """Go to a position in the file."""
        return self._file.seek(position, whence)

    def tell(self) -> int:
        """Return the position in the file."""
        return self._file.tell()
