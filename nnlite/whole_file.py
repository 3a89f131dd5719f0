"""Files that are whole or absent: written under a temporary name, and renamed when all of it is on the disk."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nnlite.errors import Error


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
    temporary = target.with_name(f'.{target.name}.{secrets.token_hex(4)}.part')
    try:
        with open(temporary, 'xb') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            error.filename = str(path)  # a full disk names no file, and the temporary name would tell nobody
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Bring the new name itself to the disk, where the system can open a folder (Windows cannot)."""
    if os.name == 'posix':
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
