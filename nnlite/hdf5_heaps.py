"""The heaps of an HDF5 file, in which its texts of any length lie.

HDF5 walks through such a heap from object to object, by the sizes that they say they have. Where a damaged one sends it
back to where it came from, it walks for ever. So the same walk is made here first.
"""

import math
import mmap
import os
import struct

from nnlite.errors import FileFormatError

# HDF5 File Format Specification, version 3, III.E: the global heap.
_BEGINNING = b'GCOL\1'
_RESERVED = bytes(3)  # zeros as they are written; HDF5 does not look at them, so a damaged heap may have others
_SIZE = struct.Struct('<Q')
_OBJECT = struct.Struct('<HHIQ')  # index, references, reserved, size
_ROUND = 8  # what an object takes is a multiple of it


def expect_sound_heaps(path: str | os.PathLike[str]) -> None:
    """Raise if a walk through one of the file's heaps would not come to its end.

    All of the file is looked through, some two gigabytes a second: a heap may be anywhere.

    Raises:
        FileFormatError: an object in a heap is larger than what is left of it, or takes nothing.
        OSError: the file is missing or cannot be read.
    """
    if os.stat(path).st_size == 0:
        return  # there is nothing to map into memory, nor to walk through
    with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        begin = content.find(_BEGINNING)
        while begin >= 0:
            if not _ends(content, begin):
                raise FileFormatError(f'the file is damaged: sizes in the heap at byte {begin}', where=str(path))
            begin = content.find(_BEGINNING, begin + 1)


def _ends(content: mmap.mmap, begin: int) -> bool:
    """Return whether the heap that begins at a byte ends in the file, and each of its objects in the heap.

    Where the reserved bytes are no zeros, what does not end in the file is taken for pixels that look like a heap.
    """
    head = begin + len(_BEGINNING) + len(_RESERVED)
    at = head + _SIZE.size
    end = begin + _SIZE.unpack_from(content, head)[0] if at <= len(content) else math.inf
    if end > len(content):
        return content[begin + len(_BEGINNING) : head] != _RESERVED[: len(content) - begin - len(_BEGINNING)]
    while at + _OBJECT.size <= end:
        index, _, _, size = _OBJECT.unpack_from(content, at)
        # Object 0 is what is free, and counts its own head.
        taken = size if index == 0 else _OBJECT.size + -(-size // _ROUND) * _ROUND
        if not _OBJECT.size <= taken <= end - at:
            return False
        at += taken
    return True
