"""Memory as compiled kernels want it: what they write to, and what they use on their way.

The latter begins where a vector may, and outlives the call.
"""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.tensor.storage import channels_moved_last


def aligned(purpose, *shape):
    """Return scratch memory for float32 that begins at a line of the cache: a vector across two of them costs twice.

    >>> aligned('doctest', 2, 3).__array_interface__['data'][0] % 64
    0
    """
    return scratch(f'numba: {purpose}', shape, np.float32)


def pixels(result):
    """Return a batch (N, C, *space) that lies channels-last as what it is in memory, (N, *space, C).

    Raises:
        ShapeError: it lies otherwise.
    """
    rolled = channels_moved_last(result)
    if not rolled.flags.c_contiguous:
        raise ShapeError('expected a result that lies channels-last, got one that does not')
    return rolled


def in_order(*arrays):
    """Return arrays of one shape as vectors of their numbers in the order of memory; None where there is no one order.

    >>> [vector.tolist() for vector in in_order(np.array([[1, 3], [2, 4]]).T, np.array([[5, 7], [6, 8]]).T)]
    [[1, 3, 2, 4], [5, 7, 6, 8]]
    >>> in_order(np.zeros((2, 2)), np.zeros((2, 2)).T) is None
    True
    """
    order = sorted(range(arrays[0].ndim), key=lambda axis: -arrays[0].strides[axis])
    rolled = [array.transpose(order) for array in arrays]
    return [array.reshape(-1) for array in rolled] if all(array.flags.c_contiguous for array in rolled) else None
