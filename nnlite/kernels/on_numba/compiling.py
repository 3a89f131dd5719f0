"""How kernels are compiled, kept on disk for the next process, and run by several threads."""

import contextlib
import functools
import hashlib
import os
import sys
import threading
from pathlib import Path

import numba
from numba.core import caching, event

from nnlite.errors import DeviceError
from nnlite.kernels import getquiet
from nnlite.tensor.threads import getnumthreads

_one_at_a_time = threading.Lock()
_told = threading.local()  # numba keeps the number of threads for each of the caller's: what this one's is
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

    # With files that cannot be read or written each process compiles for itself.

    def load_overload(self, sig, target_context):
        with contextlib.suppress(OSError):
            return super().load_overload(sig, target_context)

    def save_overload(self, sig, data):
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


def _kept(function, **options):
    kernel = numba.njit(function, nogil=True, error_model='numpy', **options)
    with contextlib.suppress(RuntimeError):  # no folder can be written to: each process compiles for itself
        kernel._cache = _Cache(function)
    return kernel


def folder():
    """Return the folder that keeps compiled kernels for the next process, or None where none can be written to."""
    try:
        return _Cache(run).cache_path
    except RuntimeError:
        return None


class _Watch(event.Listener):
    """Counts the kernels that are not on disk and so must be compiled, and says when that begins."""

    def __init__(self):
        self.count, self.has_said = 0, False

    def on_start(self, happening):
        if not _is_kernel(happening.data['dispatcher']) or self.has_said or getquiet():
            return
        self.has_said = True
        if folder() is None:
            when = 'in each process: no folder can be written to, NUMBA_CACHE_DIR may name one'
        else:
            when = 'once; `nnlite warmup` does it beforehand'
        _say(f'nnlite: compiling kernels for this CPU, about half a minute, {when}')

    def on_end(self, happening):
        self.count += _is_kernel(happening.data['dispatcher'])


def _is_kernel(dispatcher):
    """Return whether a function of numba's is one of this package that `run` calls."""
    return dispatcher.targetoptions.get('parallel', False) and dispatcher.py_func.__module__.startswith(__package__)


def _say(line):
    """Print a line on stderr, above the bars where there are some."""
    if 'tqdm' in sys.modules:
        sys.modules['tqdm'].tqdm.write(line, file=sys.stderr)
    else:
        print(line, file=sys.stderr)


_watch = _Watch()
event.register('numba:compile', _watch)


def count_compiled():
    """Return how many kernels this process has compiled, for arguments of one type each."""
    return _watch.count


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
        threads = min(getnumthreads(), numba.config.NUMBA_NUM_THREADS)
        if getattr(_told, 'threads', None) != threads:
            _begin_threads()
            numba.set_num_threads(threads)
            _told.threads = threads
        kernel(*args)


@functools.cache
def _begin_threads():
    """Begin the threads, which are soon to sleep when there is nothing to do, unless the environment says otherwise.

    GNU's would spin for long on cores that others need: where something else runs, a step would take ten times as long.
    To fall asleep at once costs a tenth of the time of small layers; GOMP_SPINCOUNT is half a millisecond's waiting.
    """
    waiting = {'OMP_WAIT_POLICY': 'PASSIVE', 'GOMP_SPINCOUNT': '20000'}  # read once, when they begin
    if not waiting.keys() & os.environ.keys():
        os.environ.update(waiting)
    else:
        waiting = {}
    numba.set_num_threads(1)
    for name in waiting:
        del os.environ[name]


def _look_for_threads():
    """Note, in a forked process, whether there were threads that it lost: GNU's would end it when asked to compute."""
    global _one_at_a_time, _threads_lost
    _one_at_a_time = threading.Lock()
    with contextlib.suppress(ValueError):  # there were none
        _threads_lost = numba.threading_layer() == 'omp'


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_look_for_threads)
