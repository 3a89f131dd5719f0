"""The memory of a GPU: how much is taken, and what to do where there is no more."""

import re
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


def usage(*pools: Any) -> str:
    """Return how many bytes are used, and how many CuPy holds for later use, in its own pool and in others."""
    pools = (gpu().get_default_memory_pool(), *pools)
    used, held = (sum(getattr(pool, name)() for pool in pools) for name in ('used_bytes', 'total_bytes'))
    return f'{size(used)} used, {size(held)} held'


@contextmanager
def enough_memory(images: int) -> Iterator[None]:
    """Let the lack of memory on a GPU be a DeviceError that says where it was, and how many images to try.

    Raises:
        DeviceError: a batch of so many images takes more memory than there is.
    """
    try:
        yield
    except gpu().cuda.memory.OutOfMemoryError as error:
        fewer = f'try a batch of {images // 2}' if images > 1 else 'try smaller images, or a network of fewer layers'
        message = f'expected memory on the GPU for a batch of {images}, got too little: {error}'
        raise DeviceError(message, where=' > '.join(path(error)) or None, hint=fewer) from error


def path(error: BaseException) -> list[str]:
    """Return the way to the module that a foreign error came from, as containers noted it: they begin inside."""
    notes = [re.fullmatch(r'in (\w+\[\d+\]), (\w+)', note) for note in getattr(error, '__notes__', ())]
    found = [note for note in notes if note]
    return [*(note[1] for note in reversed(found)), *(note[2] for note in found[:1])]
