"""Where arrays live: NumPy's on the host; a GPU's when CuPy made them."""

import sys

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


def no_gpu():
    """Return the error to raise where a GPU is asked for."""
    return DeviceError(
        'expected a GPU that nnlite can use, and this version of nnlite computes on the CPU only',
        hint='leave .cuda() and torch.CudaTensor out: everything else is the same',
    )
