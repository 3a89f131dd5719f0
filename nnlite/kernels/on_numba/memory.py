"""Memory that compiled kernels use on their way: it begins where a vector may, and outlives the call."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch

LINE = 64  # bytes that the cache moves at a time: a vector across two of them costs twice


def aligned(purpose, *shape):
    """Return scratch memory for float32 that begins at a line of the cache.

    >>> aligned('doctest', 2, 3).__array_interface__['data'][0] % LINE
    0
    """
    size = int(np.prod(shape))
    memory = scratch(f'numba: {purpose}', (size + LINE // 4,), np.float32)
    first = -memory.__array_interface__['data'][0] % LINE // 4
    return memory[first : first + size].reshape(shape)
