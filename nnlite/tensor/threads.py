"""Threads: how many there are (torch.setnumthreads), and how kernels share out a batch among them.

The number is that of the BLAS library that NumPy was built with. NumPy has no function to ask or tell it; the library
has one, under a name that depends on how it was built. A kernel that shares out its work holds the library to one
thread meanwhile: two layers of threads would get into each other's way.
"""

import contextlib
import contextvars
import functools
import glob
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from nnlite.errors import DeviceError, Error
from nnlite.tensor.devices import xp

# (set, get) as NumPy's wheels, a distribution's OpenBLAS, MKL and BLIS call them.
_NAMES = (
    ('scipy_openblas_set_num_threads64_', 'scipy_openblas_get_num_threads64_'),
    ('scipy_openblas_set_num_threads', 'scipy_openblas_get_num_threads'),
    ('openblas_set_num_threads64_', 'openblas_get_num_threads64_'),
    ('openblas_set_num_threads', 'openblas_get_num_threads'),
    ('MKL_Set_Num_Threads', 'MKL_Get_Max_Threads'),
    ('bli_thread_set_num_threads', 'bli_thread_get_num_threads'),
)

_number = None  # of threads, once it was asked for or set
_sharing = 0  # how many calls of share_out are under way
_lock = threading.Lock()
_is_part = contextvars.ContextVar('is_part', default=False)  # of what was shared out already


@functools.cache
def _blas():
    """Return the two functions (set, get) of the BLAS library that this process computes with."""
    import ctypes

    # Searching NumPy's own extension finds the library that it is linked to, whatever its name. Windows does not search
    # so far: there the wheel's DLL is named.
    extension = np.linalg._umath_linalg.__file__
    beside_numpy = os.path.join(os.path.dirname(np.__file__), os.pardir, 'numpy.libs')
    for path in [extension, *sorted(glob.glob(os.path.join(beside_numpy, '*openblas*.dll')))]:
        library = ctypes.CDLL(path)
        for set_name, get_name in _NAMES:
            if hasattr(library, set_name) and hasattr(library, get_name):
                return getattr(library, set_name), getattr(library, get_name)
    raise DeviceError(
        "NumPy's BLAS library has no function known here that sets its threads",
        hint='set VECLIB_MAXIMUM_THREADS or OMP_NUM_THREADS before Python starts',
    )


def setnumthreads(n):
    """Let kernels and matrix products use n threads from now on (torch.setnumthreads).

    Until it is called they use all cores that the process may run on, or what OPENBLAS_NUM_THREADS or OMP_NUM_THREADS
    said when Python started. A sum taken by other threads rounds otherwise: the same bits need the same n. A BLAS
    library that cannot be told, as Apple's, keeps its own number for matrix products; kernels have one thread then.

    >>> before = getnumthreads()
    >>> setnumthreads(1)
    >>> getnumthreads()
    1
    >>> setnumthreads(before)

    Raises:
        Error: n is not a whole number from 1 up.
        DeviceError: n is more than 1 and NumPy's BLAS library cannot be told, or it does not take so many.
    """
    global _number
    if not isinstance(n, (int, np.integer)) or isinstance(n, bool) or not 1 <= n < 2**31:
        raise Error(f'expected a whole number of threads from 1 up, got {n!r}', where='setnumthreads')
    try:
        set_threads, get_threads = _blas()
    except DeviceError:
        if n > 1:
            raise
        return
    before = get_threads()
    set_threads(int(n))
    if get_threads() != n:
        most = get_threads()
        set_threads(before)
        raise DeviceError(f"expected at most {most} threads, which is all NumPy's BLAS library takes, got {n}")
    _number = int(n)


def getnumthreads():
    """Return how many threads kernels and matrix products use (torch.getnumthreads).

    It is 1 where NumPy's BLAS library cannot be asked; matrix products may have more then.
    """
    global _number
    if _number is None:
        try:
            _number = _blas()[1]()
        except DeviceError:
            _number = 1
    return _number


def share_out(work, count):
    """Call work(part, slice) for each of as many parts of range(count) as there are threads, and wait for all.

    The split depends on nothing but the count and the number of threads, so that sums over a part round the same in
    every run. Scratch memory that outlives a call of `work` is to be told apart by `part`, the number of the part.

    >>> parts = []
    >>> share_out(lambda part, piece: parts.append(piece), 0)
    >>> parts
    []
    """
    # A part shares out no further: its parts would wait for the very worker that it keeps busy.
    # On a GPU the kernels themselves are what is shared out.
    threads = min(1 if _is_part.get() or xp() is not np else getnumthreads(), count)
    pieces = [slice(count * part // threads, count * (part + 1) // threads) for part in range(threads)]
    if threads < 2:
        for piece in pieces:
            work(0, piece)
        return
    with _one_blas_thread():
        # Workers run in the caller's context: NumPy keeps there what to do about overflow.
        others = [
            _pool(threads - 1).submit(contextvars.copy_context().run, work, part, piece)
            for part, piece in enumerate(pieces[1:], 1)
        ]
        try:
            work(0, pieces[0])
        finally:
            errors = [other.exception() for other in others]
        for error in filter(None, errors):
            raise error


@contextlib.contextmanager
def _one_blas_thread():
    """Hold the BLAS library to one thread as long as anyone shares out work; several of the caller's threads may."""
    global _sharing
    set_threads = _blas()[0]
    with _lock:
        _sharing += 1
        set_threads(1)
    token = _is_part.set(True)
    try:
        yield
    finally:
        _is_part.reset(token)
        with _lock:
            _sharing -= 1
            if not _sharing:
                set_threads(getnumthreads())


@functools.cache
def _pool(workers):
    return ThreadPoolExecutor(workers, thread_name_prefix='nnlite')


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked process has none of its parent's threads
