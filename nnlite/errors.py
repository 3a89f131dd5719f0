"""The errors nnlite raises, each saying where, what was expected, what came, and what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager


class Error(Exception):
    """Any error of nnlite's own; the command line prints it as one message and exits with status 2.

    `where` grows from the inside out as the error passes through containers: `Sequential[5] > ConcatTable[1] > ...`.

    >>> raise Error('expected 2 of them, got 3', where='table.csv', hint='remove one')
    Traceback (most recent call last):
    nnlite.errors.Error: in table.csv
      expected 2 of them, got 3
      hint: remove one
    """

    def __init__(self, message: str, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.where, self.hint = message, where, hint

    def inside(self, place: str) -> 'Error':
        """Note that what failed lies inside `place`; a container calls this as the error passes through it."""
        self.where = f'{place} > {self.where}' if self.where else place
        return self

    def __str__(self) -> str:
        lines = [self.message]
        if self.where:
            lines = [f'in {self.where}', f'  {self.message}']
        if self.hint:
            lines.append(f'  hint: {self.hint}')
        return '\n'.join(lines)


class ShapeError(Error, ValueError):
    """An array's shape does not fit where it was given."""


class DtypeError(Error, TypeError):
    """An array's element type does not fit where it was given."""


class FileFormatError(Error, ValueError):
    """A file is damaged, foreign, or not what its name says."""


class DataError(Error, ValueError):
    """A data set, an archive or a picture does not fit what it is used for."""


class DeviceError(Error, RuntimeError):
    """A device or a kernel family was asked for that is not there."""


@contextmanager
def inside(place: str) -> Iterator[None]:
    """Let the errors that come out of a block say that it happened inside `place`.

    >>> with inside('ParallelCriterion[2]'):
    ...     raise Error('expected 2 of them, got 3', where='MSECriterion')
    Traceback (most recent call last):
    nnlite.errors.Error: in ParallelCriterion[2] > MSECriterion
      expected 2 of them, got 3
    """
    try:
        yield
    except Error as error:
        error.inside(place)
        raise
