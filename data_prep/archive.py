"""The files of a folder, zip or tar, read without trusting them and without unpacking anything."""

import bz2
import contextlib
import gzip
import hashlib
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, cast

from nnlite.data_prep.bounded_reader import BoundedReader
from nnlite.errors import DataError, FileFormatError

MAX_MEMBERS = 20_000_000
MAX_MEMBER = 1 << 26
# Photographs hardly shrink: an archive whose files take 200 times its own bytes is a bomb.
MAX_RATIO = 200
SLACK = 1 << 30

Member = tuple[str, Callable[[], bytes]]


def members(path: str | os.PathLike[str]) -> Iterator[Member]:
    """Give name and reader of each file in a folder, zip, or tar (plain, .gz, .xz or .bz2), told by its content.

    Names have forward slashes and begin at the folder itself. A reader returns the file's bytes; it is good until the
    next member is asked for. Folders and zips come in the order of their names, tars in their own.

    Raises:
        FileFormatError: the archive is damaged, of another kind, encrypted, or holds links, paths that lead outside,
            two files of one name, or more than 20 million files, 64 MiB in one, or 200 times its own size in all.
        OSError: the source is missing or cannot be read.
    """
    path = Path(path)
    with _damaged_if_unreadable(path):
        if path.is_dir():
            found = _in_folder(path)
        elif _start(path).startswith(b'PK'):
            found = _in_zip(path)
        else:
            found = _in_tar(path)
        seen = set()
        for name, size, read in found:
            if size > MAX_MEMBER:
                raise FileFormatError(f'expected files of at most {MAX_MEMBER} bytes, got {size} in {name}')
            if name in seen:
                raise FileFormatError(f'expected each name once, got {name} twice')
            seen.add(name)
            if len(seen) > MAX_MEMBERS:
                raise FileFormatError(f'expected at most {MAX_MEMBERS} files, got more')
            yield name, partial(_read, path, read)


def checksum(path: str | os.PathLike[str]) -> str | None:
    """Return the SHA-256 of an archive, or None for a folder, which has none of its own."""
    if os.path.isdir(path):
        return None
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def expect_apart(source: str | os.PathLike[str], out: str | os.PathLike[str]) -> None:
    """Raise if what is made of a source would be written over it.

    Raises:
        DataError: `out` is the source itself.
    """
    if os.path.exists(source) and os.path.exists(out) and os.path.samefile(source, out):
        raise DataError('expected another name than that of the source, which would be lost', where=os.fspath(out))


def _read(path: Path, read: Callable[[], bytes]) -> bytes:
    with _damaged_if_unreadable(path):
        return read()


@contextlib.contextmanager
def _damaged_if_unreadable(path: Path) -> Iterator[None]:
    """Turn what the archive modules say into one clear error that names the archive."""
    try:
        yield
    except FileFormatError as error:
        if error.where is None:
            error.inside(str(path))
        raise
    except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise FileFormatError(
            f'the archive is damaged, or not one: {error}',
            where=str(path),
            hint='it may not have been downloaded to its end',
        ) from error
    except (NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise FileFormatError(f'the archive cannot be read: {error}', where=str(path)) from error


def _in_folder(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    def fail(error: OSError) -> None:
        raise error

    # Links are the user's own here: data sets are often put together from them.
    for folder, inner, names in os.walk(path, onerror=fail, followlinks=True):
        inner.sort()
        for name in sorted(names):
            file = Path(folder, name)
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):
                raise FileFormatError(f'expected files, got a device or a pipe: {name}', where=folder)
            yield file.relative_to(path).as_posix(), status.st_size, file.read_bytes


def _in_zip(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _expect_bounded(sum(info.file_size for info in infos), path)
        for info in sorted(infos, key=lambda info: info.filename):
            if stat.S_ISLNK(info.external_attr >> 16):
                raise FileFormatError(f'expected files, got a link: {info.filename}')
            yield _inside(info.filename), info.file_size, partial(archive.read, info)


def _in_tar(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    with _decompressed(path) as plain:
        source = BoundedReader(plain, MAX_MEMBER + tarfile.BLOCKSIZE)
        with tarfile.open(fileobj=cast(IO[bytes], source), mode='r:') as archive:
            while (info := archive.next()) is not None:
                # tarfile would remember every member; a million of them fill the memory.
                archive.members = []  # type: ignore[attr-defined]
                _expect_bounded(archive.offset, path)
                if info.isdir():
                    continue
                if not info.isreg() or info.issparse():
                    raise FileFormatError(f'expected plain files, got a link or a device: {info.name}')
                yield _inside(info.name), info.size, partial(_content, archive, info)
        # tarfile takes damage behind the first member for the end, which rightly is a block of zeros.
        if source.last != bytes(tarfile.BLOCKSIZE):
            raise FileFormatError('the archive is damaged: it has no end', hint='was it downloaded to its end?')


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    with cast(IO[bytes], archive.extractfile(info)) as file:
        return file.read()


def _start(path: Path) -> bytes:
    with open(path, 'rb') as file:
        return file.read(6)


def _decompressed(path: Path) -> IO[bytes]:
    start = _start(path)
    for signature, opener in ((b'\x1f\x8b', gzip.open), (b'\xfd7zXZ\0', lzma.open), (b'BZh', bz2.open)):
        if start.startswith(signature):
            return cast(IO[bytes], opener(path, 'rb'))
    return open(path, 'rb')


def _expect_bounded(total: int, path: Path) -> None:
    due = MAX_RATIO * path.stat().st_size + SLACK
    if total > due:
        raise FileFormatError(f'expected at most {due} bytes in an archive of this size, got {total}')


def _inside(name: str) -> str:
    """Return the name without a leading './'; refuse one that leads out of the archive's own folder."""
    parts = [part for part in name.split('/') if part not in ('', '.')]
    if name.startswith('/') or '..' in parts or '\\' in name or ':' in parts[0] or '\0' in name:
        raise FileFormatError(f'expected paths inside the archive, got {name!r}')
    return '/'.join(parts)
