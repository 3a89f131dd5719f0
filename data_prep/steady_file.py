"""A file that HDF5 can write to on a full disk."""

import io
import os
from typing import Any


class SteadyFile(io.FileIO):
    """Takes whatever is written to it; the first error is kept for `check` instead of being told to the writer.

    HDF5 writes much of its data when objects are closed or forgotten, where no exception can leave, and in the end
    crashes the whole process if such a write failed. So a failure is noted here, and everything after it let go.
    The error names the file as `called`, which its temporary `path` would tell nobody.
    """

    def __init__(self, path: str | os.PathLike[str], called: str | os.PathLike[str]) -> None:
        super().__init__(path, 'r+')
        self._called = os.fspath(called)
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the first error that there was.

        Raises:
            OSError: something could not be written; the disk is full, most likely.
        """
        if self._error is not None:
            raise OSError(self._error.errno, self._error.strerror, self._called) from self._error

    def write(self, data: Any) -> int:
        """Write all of the data; say that it was, whether or not."""
        written = 0
        try:
            while self._error is None and written < len(data):
                written += super().write(data[written:])
        except OSError as error:
            self._error = error
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Make the file end at `size`; say that it does, whether or not."""
        try:
            return super().truncate(size)
        except OSError as error:
            self._error = self._error or error
            return self.tell() if size is None else size
