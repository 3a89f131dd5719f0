"""Downloads that are whole and the right ones, or absent."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, BinaryIO

from nnlite.errors import DataError

BLOCK = 1 << 16
TRIES = 3
TIMEOUT = 30.0


def download(
    url: str, path: str | os.PathLike[str], size: int, md5: str, quiet: bool = False, timeout: float = TIMEOUT
) -> Path:
    """Bring the file of this size and MD5 checksum from `url` to `path`, if it is not there already; return its path.

    Until it is whole it is named PATH.part. A connection that breaks off, or stays silent for `timeout` seconds, is
    taken up where it ended, three times in all; what is there by then stays, for the next call to go on with.

    Raises:
        DataError: the server does not answer, breaks off each time, or sends something else.
        OSError: the folder cannot be written, the disk is full.
    """
    from tqdm import tqdm

    path = Path(path)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    hint = f'download {url} by other means, and give its path'
    with tqdm(total=size, unit='B', unit_scale=True, desc=path.name, disable=True if quiet else None) as bar:
        for tries_left in reversed(range(TRIES)):
            try:
                with open(part, 'ab') as file:
                    _fetch(url, file, size, timeout, bar)
                break
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
                if not tries_left:
                    raise DataError(f'the download failed: {error}', where=url, hint=hint) from error
    with open(part, 'rb+') as file:
        got = hashlib.file_digest(file, 'md5').hexdigest()
        if got == md5:
            os.fsync(file.fileno())
    if got != md5:
        part.unlink()
        raise DataError(f'expected the MD5 checksum {md5}, got {got}', where=url, hint=hint)
    os.replace(part, path)
    return path


def _fetch(url: str, file: BinaryIO, size: int, timeout: float, bar: Any) -> None:
    """Append to the file what it lacks of `size` bytes."""
    have = file.tell()
    if have == size:
        return
    if have > size:
        have = file.truncate(0)
    request = urllib.request.Request(url, headers={'Range': f'bytes={have}-'} if have else {})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            # The server begins anew whatever it was asked for.
            have = 0
            file.truncate(0)
        bar.update(have - bar.n)
        while block := response.read1(BLOCK):
            have += len(block)
            if have > size:
                file.truncate(0)
                raise DataError(f'expected {size} bytes, got more', where=url)
            file.write(block)
            bar.update(len(block))
    if have < size:
        raise ConnectionError(f'it broke off after {have} of {size} bytes')
