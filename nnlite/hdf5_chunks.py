"""The chunks of an array in an HDF5 file: each holds the bytes that it stands for.

HDF5 takes what a chunk's filters give for the whole chunk, however short it is, and reads on behind it: in memory that
is not the file's, until the process is killed. So what they give is measured here first.
"""

import math
import zlib
from typing import Any

from nnlite.errors import FileFormatError

_DEFLATE, _SHUFFLE, _FLETCHER32 = 1, 2, 3  # HDF5's numbers of its filters
_CHECKSUM = 4  # bytes that fletcher32 adds


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
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(place)[0] for place in range(properties.get_nfilters())]
    if not set(filters) <= {_DEFLATE, _SHUFFLE, _FLETCHER32}:
        message = f'expected {dataset.name} uncompressed or by gzip, got the HDF5 filters {sorted(filters)}'
        raise FileFormatError(message, where=where)
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
