"""Locks on files: they end with the process that has them, even if it is killed."""

import contextlib
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from nnlite.errors import Error

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = '.nnlite.lock'  # in a folder that is written to


def lock(handle: int) -> bool | None:
    """Lock an open file, until the last handle of this opening is closed; return whether it could be.

    It is False if somebody else has locked it, in this process or another; None where there are no locks: on Windows,
    and in file systems that know none.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextlib.contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Let nobody else come into a block like this one with the same folder, which is there.

    A file `.nnlite.lock` is in the folder until the block ends. One that a killed process left there locks nothing.
    Where there are no locks, or no file can be made, nobody is kept out.

    >>> with locked_folder(Path('.')), locked_folder(Path('.')):  # doctest: +ELLIPSIS
    ...     pass
    Traceback (most recent call last):
    nnlite.errors.Error: in .
      expected a folder that nobody writes to, got one that process ... of ... writes to
      hint: wait until it has ended, or choose another folder: both would write over each other's files

    Raises:
        Error: somebody else is in such a block; the message says which process.
    """
    path = folder / LOCK
    handle = _locked(path)
    try:
        yield
    finally:
        if handle is not None:
            path.unlink(missing_ok=True)  # before others can lock it: they look whether it is still the one there
            os.close(handle)


def _locked(path: Path) -> int | None:
    """Return a handle of a file that is locked, or None where there are no locks.

    Raises:
        Error: somebody else has locked it.
    """
    while fcntl is not None:
        try:
            # A link could lead to another's file, and a pipe would keep us waiting.
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        except OSError:
            return None
        is_ours = lock(handle)
        if is_ours and _is_at(handle, path):
            with contextlib.suppress(OSError):  # the disk is full: what is to be written next will say so
                os.ftruncate(handle, 0)
                os.write(handle, f'{os.getpid()} of {platform.node()}'.encode())
            return handle
        found = re.fullmatch(rb'(\d+) of ([\w.-]+)', os.read(handle, 300)) if is_ours is False else None
        os.close(handle)
        if is_ours is None:
            path.unlink(missing_ok=True)
            return None
        if is_ours is False:
            who = f'process {found[1].decode()} of {found[2].decode()}' if found else 'another process'
            raise Error(
                f'expected a folder that nobody writes to, got one that {who} writes to',
                where=str(path.parent),
                hint="wait until it has ended, or choose another folder: both would write over each other's files",
            )
    return None


def _is_at(handle: int, path: Path) -> bool:
    """Return whether an open file is still at its path: who had it locked may have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False
