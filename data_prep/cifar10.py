"""CIFAR-10 from its original binary archive, downloaded or given."""

import hashlib
import os
import re
import tarfile
from pathlib import Path

import numpy as np

from nnlite.data_prep.archive import checksum, expect_apart, members
from nnlite.data_prep.download import download
from nnlite.data_prep.report import Report
from nnlite.data_prep.samples import save_samples
from nnlite.data_prep.writer import write_dataset
from nnlite.errors import FileFormatError

URL = 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'
BYTES = 170_052_171
MD5 = 'c32a1d4ab5d03f1284b67883e8d87530'
CLASSES = ('airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck')
# A label, then 32 x 32 reds, greens and blues.
RECORD = 1 + 3 * 32 * 32
BATCHES = {'train': [f'data_batch_{number}.bin' for number in range(1, 6)], 'val': ['test_batch.bin']}


def prepare(
    out: str | os.PathLike[str],
    archive: str | os.PathLike[str] | None = None,
    quiet: bool = False,
    md5: str = MD5,
) -> Report:
    """Turn cifar-10-binary.tar.gz into the HDF5 file `out`, and OUT-samples.png beside it.

    Without an `archive` it is downloaded, once, into the folder `cache()`. Its test images are the validation split.

    Raises:
        FileFormatError: the archive is not the binary one, or not the one of this MD5 checksum.
        DataError: it cannot be downloaded, or is `out`.
        OSError: the archive cannot be read, or the file not written.
    """
    archive = Path(download(URL, cache() / URL.rpartition('/')[2], BYTES, md5, quiet) if archive is None else archive)
    expect_apart(archive, out)
    _expect_original(archive, md5)
    found = {}
    for name, read in members(archive):
        file = name.rpartition('/')[2]
        if any(file in files for files in BATCHES.values()):
            found[file] = read()
    with write_dataset(
        out,
        (3, 32, 32),
        CLASSES,
        source=archive.name,
        source_sha256=checksum(archive),
        total=sum(map(len, found.values())) // RECORD,
        quiet=quiet,
    ) as writer:
        for split, files in BATCHES.items():
            for file in files:
                records = _records(found.get(file, b''), f'{archive} > {file}')
                writer.append(split, records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0])
    save_samples(out)
    return Report(writer.sizes)


def cache() -> Path:
    """Return the folder of downloads: `NNLITE_CACHE`, or nnlite in the user's own cache."""
    given = os.environ.get('NNLITE_CACHE')
    return Path(given) if given else Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache', 'nnlite')


def _records(content: bytes, where: str) -> np.ndarray:
    if not content or len(content) % RECORD:
        raise FileFormatError(f'expected records of {RECORD} bytes, got {len(content)} bytes', where=where)
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    if records[:, 0].max() >= len(CLASSES):
        raise FileFormatError(f'expected labels from 0 to 9, got {records[:, 0].max()}', where=where)
    return records


def _expect_original(archive: Path, md5: str) -> None:
    with open(archive, 'rb') as file:
        got = hashlib.file_digest(file, 'md5').hexdigest()
    if got == md5:
        return
    if _is_python_archive(archive):
        raise FileFormatError(
            'expected the binary version of CIFAR-10, got the Python one, whose pickles can run any code',
            where=str(archive),
            hint=f'{URL} is the binary version; `nnlite prep cifar10 --out FILE.h5` downloads it',
        )
    raise FileFormatError(
        f'expected the MD5 checksum {md5} of cifar-10-binary.tar.gz, got {got}',
        where=str(archive),
        hint='remove it and download it again; pictures in folders by class go with `nnlite prep folder`',
    )


def _is_python_archive(archive: Path) -> bool:
    try:
        with tarfile.open(archive, 'r|*') as file:
            first = file.next()
    except (tarfile.TarError, OSError, EOFError):
        return False
    return first is not None and re.match('cifar-100?-batches-py|cifar-100-python', first.name) is not None
