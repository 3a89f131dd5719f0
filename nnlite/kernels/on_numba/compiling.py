"""How kernels are compiled, kept on disk for the next process, and run by several threads."""

import contextlib
import functools
import hashlib
import threading
from pathlib import Path

import numba
from numba.core import caching

from nnlite.tensor.threads import getnumthreads

_one_at_a_time = threading.Lock()


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
    """
    with _one_at_a_time:  # numba's threads serve one call at a time
        numba.set_num_threads(min(getnumthreads(), numba.config.NUMBA_NUM_THREADS))
        kernel(*args)
