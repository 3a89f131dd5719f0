"""How arrays lie in a GPU's memory, where kernels take them number by number."""

import contextlib

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch, scratch_like


def inwards(array):
    """Return the axes of an array in the order of memory, the innermost last.

    >>> inwards(np.zeros((2, 3)).T)
    [1, 0]
    """
    return sorted(range(array.ndim), key=lambda axis: (-array.strides[axis], -array.shape[axis]))


def is_dense(array):
    """Return whether the array's numbers fill a piece of memory, whatever the order of its axes."""
    return array.transpose(inwards(array)).flags.c_contiguous


def lies_like(array, other):
    """Return whether two dense arrays of one shape have each number at the same place in their memory."""
    return all(
        size == 1 or mine == its
        for size, mine, its in zip(array.shape, array.strides, other.strides, strict=True)
    )  # fmt: skip


def placed_like(result, arrays, purpose):
    """Return arrays of a dense result's shape and type, each as it is if it lies like the result, else a copy."""
    placed = []
    for number, array in enumerate(arrays):
        if array.shape != result.shape or array.dtype != result.dtype or not lies_like(array, result):
            copy = scratch_like(result, f'{purpose} {number}')
            np.copyto(copy, array)
            array = copy
        placed.append(array)
    return placed


@contextlib.contextmanager
def written(result, purpose):
    """Give a result itself if it is dense, else scratch memory that is copied to it when all is written."""
    if is_dense(result):
        yield result
    else:
        to = scratch_like(result, purpose)
        yield to
        np.copyto(result, to)


def is_aligned(*arrays):
    """Return whether 16 bytes of each array can be moved at once, from its beginning on."""
    return all(array.data.ptr % 16 == 0 for array in arrays)


def as_double(number):
    """Return a number in the GPU's memory as float64: itself or a copy."""
    if number.dtype == np.float64:
        return number
    copy = scratch('number', number.shape, np.float64)
    np.copyto(copy, number)
    return copy
