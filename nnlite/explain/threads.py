"""One thread for small networks."""

from collections.abc import Iterator
from contextlib import contextmanager

import nnlite


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread: parts of so few planes cost more than they save, and sums are the same everywhere.

    >>> with one_thread():
    ...     nnlite.getnumthreads()
    1
    """
    threads = nnlite.getnumthreads()
    nnlite.setnumthreads(1)
    try:
        yield
    finally:
        nnlite.setnumthreads(threads)
