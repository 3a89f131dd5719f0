"""The arrays of an HDF5 file from a stranger: whole in this very file, as HDF5 itself reads them.

HDF5 takes what a chunk's filters give for the whole chunk, however short it is, and reads on behind it: in memory that
is not the file's, until the process is killed. So what they give is measured here first.
"""

import math
import zlib
from typing import Any

from nnlite.errors import FileFormatError

_DEFLATE, _SHUFFLE, _FLETCHER32 = 1, 2, 3  # HDF5's numbers of its filters
_CHECKSUM = 4  # bytes that fletcher32 adds
# What HDF5 itself brings. Any other filter would load a plug-in found on the machine.
_FILTERS = {_DEFLATE, _SHUFFLE, _FLETCHER32}
_MAX_CHUNK = 1 << 26
# deflate cannot shrink by more; a file that claims so is a bomb.
_MAX_DEFLATE = 1032


def expect_stored_here(dataset: Any, size: int, where: str, *, every_chunk: bool = False) -> None:
    """Raise unless the bytes of an h5py.Dataset lie in its own file, all of them, where HDF5 itself can read them.

    Args:
        dataset: it has a shape, and numbers or texts of one length.
        size: how many bytes the file has.
        where: what the error names.
        every_chunk: whether all chunks must be there; else those that are not stand for the fill value.

    Raises:
        FileFormatError: they lie elsewhere, or go through other filters than gzip, shuffle and fletcher32, or are more
            or less than the file can hold.
        OSError, RuntimeError, ValueError: HDF5 cannot read a chunk.
    """
    name = dataset.name
    if dataset.is_virtual or dataset.external:
        raise FileFormatError(f'expected {name} in the file itself, got one that refers to other files', where=where)
    filters = _filters_of(dataset, where)
    if dataset.chunks is not None:
        if math.prod(dataset.chunks) * dataset.dtype.itemsize > _MAX_CHUNK:
            message = f'expected chunks of at most {_MAX_CHUNK} bytes in {name}, got {dataset.chunks}'
            raise FileFormatError(message, where=where)
        if every_chunk:
            count = math.prod(-(-side // part) for side, part in zip(dataset.shape, dataset.chunks, strict=True))
            found = dataset.id.get_num_chunks()
            if found != count:
                raise FileFormatError(f'expected {count} chunks in {name}, got {found}', where=where)
    due, stored = math.prod(dataset.shape) * dataset.dtype.itemsize, dataset.id.get_storage_size()
    if stored > size or due > stored * (_MAX_DEFLATE if _DEFLATE in filters else 1):
        raise FileFormatError(f'expected {due} bytes in {name}, got {stored} in a file of {size}', where=where)
    expect_whole_chunks(dataset, where)


def expect_whole_chunks(dataset: Any, where: str) -> None:
    """Raise if a chunk of an h5py.Dataset, of numbers or of texts of one length, is not of the size that it should be.

    Compressed chunks are decompressed for it, one at a time; of others only the sizes are read.

    Raises:
        FileFormatError: a chunk is, or has another filter than gzip, shuffle and fletcher32.
        OSError, RuntimeError, ValueError: HDF5 cannot read a chunk.
    """
    if dataset.chunks is None:
        return
    due = math.prod(dataset.chunks) * dataset.dtype.itemsize
    filters = _filters_of(dataset, where)
    found: list[Any] = []
    dataset.id.chunk_iter(found.append)
    for chunk in found:
        # A bit of the mask says that this filter was left out: HDF5 does so with gzip where nothing becomes smaller.
        used = [kind for place, kind in enumerate(filters) if not chunk.filter_mask >> place & 1]
        size = chunk.size
        if _DEFLATE in used:
            _, stored = dataset.id.read_direct_chunk(chunk.chunk_offset)
            size = _unfiltered(stored, used, due)
        elif used.count(_FLETCHER32):
            size -= _CHECKSUM * used.count(_FLETCHER32)
        if size != due:
            raise FileFormatError(
                f'the file is damaged: expected chunks of {due} bytes in {dataset.name}, '
                f'got another at {chunk.chunk_offset}',
                where=where,
            )


def _filters_of(dataset: Any, where: str) -> list[int]:
    """Return the numbers of a data set's filters, in the order in which they were applied; all are HDF5's own."""
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(place)[0] for place in range(properties.get_nfilters())]
    if not set(filters) <= _FILTERS:
        message = f'expected {dataset.name} uncompressed or by gzip, got the HDF5 filters {sorted(filters)}'
        raise FileFormatError(message, where=where)
    return filters


def _unfiltered(content: bytes, filters: list[int], due: int) -> int:
    """Return how many bytes the filters of a chunk, undone from the last on, leave of its content; -1: too few."""
    for place in reversed(range(len(filters))):
        if filters[place] == _FLETCHER32:
            if len(content) < _CHECKSUM:
                return -1
            content = content[:-_CHECKSUM]
        elif filters[place] == _DEFLATE:
            # Checksums that were made before it are still in there; one byte more shows that it is too long.
            most = due + _CHECKSUM * filters[:place].count(_FLETCHER32) + 1
            try:
                content = zlib.decompressobj().decompress(content, most)
            except zlib.error:
                return -1
    return len(content)
