"""The memory of a GPU: how much is taken, and what to do where there is no more."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nnlite.errors import DeviceError
from nnlite.tensor.devices import gpu


def size(count: float) -> str:
    """Return a number of bytes in words.

    >>> size(1.5e9), size(2e6)
    ('1.5 GB', '2 MB')
    """
    return f'{count / 1e9:.1f} GB' if count >= 1e9 else f'{count / 1e6:.0f} MB'


def taken(*pools: Any) -> tuple[int, int]:
    """Return how many bytes are used, and how many CuPy holds for later use, in its own pool and in others."""
    pools = (gpu().get_default_memory_pool(), *pools)
    return sum(pool.used_bytes() for pool in pools), sum(pool.total_bytes() for pool in pools)


def usage(*pools: Any) -> str:
    """Return what `taken` does, in words."""
    used, held = taken(*pools)
    return f'{size(used)} used, {size(held)} held'


def is_of_gpu(error: MemoryError) -> bool:
    """Return whether it is a GPU whose memory was too little.

    >>> is_of_gpu(MemoryError())
    False
    """
    cupy = sys.modules.get('cupy')
    return cupy is not None and isinstance(error, cupy.cuda.memory.OutOfMemoryError)


@contextmanager
def enough_memory(images: int = 0) -> Iterator[None]:
    """Let the lack of memory on a GPU be a DeviceError that says where it was, and what to try.

    Args:
        images: how many are in the batch that takes memory; 0 if it is the network that does.

    Raises:
        DeviceError: there is less memory than that takes.
    """
    try:
        yield
    except gpu().cuda.memory.OutOfMemoryError as error:
        what = f'a batch of {images}' if images else 'the network'
        less = f'try a batch of {images // 2}' if images > 1 else 'try a smaller network'
        message = f'expected memory on the GPU for {what}, got too little: {error}'
        raise DeviceError(message, where=' > '.join(path(error)) or None, hint=less) from error


def path(error: BaseException) -> list[str]:
    """Return the way to the module that a foreign error came from, as containers noted it: they begin inside."""
    notes = [re.fullmatch(r'in (\w+\[\d+\]), (\w+)', note) for note in getattr(error, '__notes__', ())]
    found = [note for note in notes if note]
    return [*(note[1] for note in reversed(found)), *(note[2] for note in found[:1])]
