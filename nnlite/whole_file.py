"""Files that are whole or absent: written under a temporary name, and renamed when all of it is on the disk."""

import contextlib
import glob
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nnlite.errors import Error
from nnlite.file_lock import lock

TOKEN = 4  # random bytes in a temporary name


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Give a file to write to; what was written stands at `path` once the block ends without an error.

    An error, Ctrl-C included, leaves what stood at `path` as it was. A link is followed.

    Raises:
        Error: something that is not a file is at `path`.
        OSError: the folder is missing or cannot be written, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise Error('expected the name of a file, got something else that is there', where=str(path))
    temporary = None
    try:
        with contextlib.ExitStack() as locked:
            with _begun(target) as file:
                temporary = Path(file.name)
                if os.name == 'posix':  # where a second handle keeps the lock until the file has its name
                    locked.callback(os.close, os.dup(file.fileno()))
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
    except BaseException as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary), str(target)):
            error.filename = str(path)  # a full disk names no file, and the temporary name would tell nobody
        raise
    _sync_folder(target.parent)


def remove_unfinished(path: str | os.PathLike[str]) -> None:
    """Remove what a killed program has left of a `whole_file` for `path`, if a lock tells that nobody writes it now."""
    target = Path(os.path.realpath(path))
    for part in target.parent.glob(glob.escape(f'.{target.name}.') + 2 * TOKEN * '[0-9a-f]' + '.part'):
        with contextlib.suppress(OSError):  # it is another's, or gone by now
            if stat.S_ISREG(part.lstat().st_mode):
                with open(part, 'r+b') as file:
                    if lock(file.fileno()):
                        part.unlink()


def _begun(target: Path) -> BinaryIO:
    """Return a new file with a temporary name beside the target, locked where there are locks.

    Raises:
        OSError: it cannot be made; the error names the target.
    """
    while True:
        path = target.with_name(f'.{target.name}.{secrets.token_hex(TOKEN)}.part')
        try:
            file = open(path, 'xb')  # noqa: SIM115 whose caller closes it
        except OSError as error:
            error.filename = str(target)
            raise
        if lock(file.fileno()) is not False and path.exists():
            return file
        file.close()  # before it was locked, somebody took it for what a killed program left, and removed it


def _sync_folder(folder: Path) -> None:
    """Bring the new name itself to the disk, where the system can open a folder (Windows cannot)."""
    if os.name == 'posix':
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
