"""How kernels are compiled, kept on disk for the next process, and run by several threads."""

import contextlib
import functools
import hashlib
import os
import threading
from pathlib import Path

import numba
from numba.core import caching

from nnlite.errors import DeviceError
from nnlite.tensor.threads import getnumthreads

_one_at_a_time = threading.Lock()
_threads_lost = False  # in a forked process, which has none of its parent's


@functools.cache
def _sources():
    """Return a hash of all the files of this package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob('*.py')):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class _Beside(caching.InTreeCacheLocator):
    """The folder __pycache__ beside a source file."""

    def get_source_stamp(self):
        # What a function calls is compiled into it: numba itself would look at the function's own file alone.
        return _sources()


class _InHome(caching.UserWideCacheLocator):
    """A folder of the user's, for a package in a folder that cannot be written to."""

    get_source_stamp = _Beside.get_source_stamp


class _InChosen(caching.UserProvidedCacheLocator):
    """The folder that NUMBA_CACHE_DIR names."""

    get_source_stamp = _Beside.get_source_stamp


class _CompiledCode(caching.CompileResultCacheImpl):
    _locator_classes = [_InChosen, _Beside, _InHome]


class _Cache(caching.FunctionCache):
    _impl_class = _CompiledCode


def _kept(function, **options):
    kernel = numba.njit(function, nogil=True, error_model='numpy', **options)
    with contextlib.suppress(RuntimeError):  # no folder can be written to: each process compiles for itself
        kernel._cache = _Cache(function)
    return kernel


def compiled(function):
    """Return a function compiled when it is first called, for compiled functions to call."""
    return _kept(function)


def threaded(function):
    """Return a function compiled when it is first called, in which numba.prange shares out its numbers to threads."""
    return _kept(function, parallel=True)


def run(kernel, *args):
    """Call a threaded kernel with as many threads as nnlite.setnumthreads said, but no more than there are cores.

    A kernel shares out its work in as many parts as was said, whoever computes them: equal numbers give equal bits.

    Raises:
        DeviceError: this process was forked from one that had threads running.
    """
    if _threads_lost:
        raise DeviceError(
            'the kernels on numba cannot compute in a process that was forked from one where they did',
            hint="start processes by 'spawn', or choose NumPy's in them: nnlite.setkernels('numpy')",
        )
    with _one_at_a_time:  # numba's threads serve one call at a time
        numba.set_num_threads(min(getnumthreads(), numba.config.NUMBA_NUM_THREADS))
        kernel(*args)


def _look_for_threads():
    """Note, in a forked process, whether there were threads that it lost: GNU's would end it when asked to compute."""
    global _one_at_a_time, _threads_lost
    _one_at_a_time = threading.Lock()
    with contextlib.suppress(ValueError):  # there were none
        _threads_lost = numba.threading_layer() == 'omp'


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_look_for_threads)
