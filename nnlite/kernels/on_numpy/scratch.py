"""Memory that kernels use on their way and leave behind: one piece per purpose, thread and device, used again."""

import threading

import numpy as np

from nnlite.tensor.devices import xp
from nnlite.tensor.storage import Storage, channels_moved_last

_pieces = threading.local()


def scratch(purpose, shape, dtype, layout='plain'):
    """Return an array of `shape`, its contents undefined, that the next call for the same purpose overwrites.

    Its layout is as for nnlite.Storage.

    >>> first = scratch('doctest', (2, 3), np.float32)
    >>> np.shares_memory(first, scratch('doctest', (3, 2), np.float32))
    True
    """
    module, storages = xp(), _pieces.__dict__
    key = purpose, np.dtype(dtype), None if module is np else module.cuda.Device().id
    if key not in storages:
        storages[key] = Storage()
    return storages[key].view(shape, dtype, layout, module)


def scratch_like(array, purpose, dtype=None):
    """Return scratch memory of an array's shape whose axes lie in the order of the array's: one pass runs through both.

    >>> scratch_like(np.zeros((2, 3), np.float32).T, 'doctest').strides
    (4, 12)
    """
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    flat = scratch(purpose, [array.shape[axis] for axis in order], dtype or array.dtype)
    return flat.transpose([order.index(axis) for axis in range(array.ndim)])


def channels_last(maps, purpose):
    """Return feature maps (N, C, *space) as (N, *space, C) in C order: a view where they lie so, else a copy."""
    rolled = channels_moved_last(maps)
    if rolled.flags.c_contiguous:
        return rolled
    copy = scratch(purpose, rolled.shape, rolled.dtype)
    np.copyto(copy, rolled)
    return copy


def contiguous(array, purpose):
    """Return the array in C order: itself where it lies so, else a copy."""
    if array.flags.c_contiguous:
        return array
    copy = scratch(purpose, array.shape, array.dtype)
    np.copyto(copy, array)
    return copy


def pieces():
    """Return the memory of all pieces of this thread, on the host and on a GPU."""
    return [storage.memory for storage in _pieces.__dict__.values()]
