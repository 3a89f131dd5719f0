"""Where arrays live: NumPy's on the host; a GPU's when CuPy made them."""

import functools
import sys
import threading

import numpy as np

from nnlite.errors import DeviceError


def array_module(array):
    """Return the package that the array is of: numpy, or cupy where it lives on a GPU.

    >>> array_module(np.zeros(2)).__name__
    'numpy'
    """
    cupy = sys.modules.get('cupy')  # an array of CuPy's exists only where CuPy has been imported
    return cupy if cupy is not None and isinstance(array, cupy.ndarray) else np


def is_array(thing):
    """Return whether `thing` is an array, wherever it lives."""
    return isinstance(thing, np.ndarray) or array_module(thing) is not np


def is_on_gpu(thing):
    """Return whether `thing` is an array that lives on a GPU."""
    return array_module(thing) is not np


def to_host(array):
    """Return the array as one of NumPy's: itself, or a copy if it lives on a GPU; its axes lie as they lay."""
    return array_module(array).asnumpy(array, order='A') if is_on_gpu(array) else array


def why_no_gpu():
    """Return why no GPU can be used and what to do about it, or (None, None) if one can."""
    return _found()


def gpu():
    """Return CuPy, through which the GPU is used.

    Raises:
        DeviceError: CuPy is not installed, or it finds no driver or no GPU; the message says which.
    """
    why, hint = why_no_gpu()
    if why is not None:
        raise DeviceError(f'expected a GPU to compute on, got none: {why}', hint=hint)
    return sys.modules['cupy']


@functools.cache
def _found():
    try:
        import cupy
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == 'cupy':
            return 'CuPy is not installed', "pip install 'nnlite[cuda13]', or nnlite[cuda12] for drivers before 580"
        return f'CuPy cannot be imported: {error}', "pip install --force-reinstall 'nnlite[cuda13]'"
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f'CuPy is installed, but there is no driver that it can use ({error})', (
            'install the NVIDIA driver (nvidia-smi says its version), or leave .cuda() out to compute on the CPU'
        )
    return (None, None) if count else ('the driver knows of no GPU', 'leave .cuda() out to compute on the CPU')


_place = threading.local()


def xp():
    """Return the package whose arrays the kernels of this thread compute with at present: numpy or cupy."""
    return getattr(_place, 'module', np)


def on_gpu(function):
    """Return a function that does the same with arrays on a GPU: what it makes for itself is made there (see xp)."""

    @functools.wraps(function)
    def run_on_gpu(*args, **kwargs):
        before = xp()
        _place.module = gpu()
        try:
            return function(*args, **kwargs)
        finally:
            _place.module = before

    return run_on_gpu
