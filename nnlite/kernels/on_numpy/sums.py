"""Sums over very many rows that round well: THNN adds them up in double, and so do these."""

import importlib

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.tensor.devices import is_on_gpu

BLOCK = 64
_ones: dict[np.dtype, np.ndarray] = {}


def sum_of_rows(matrix, name='sum of rows'):
    """Return the sum over the rows of a matrix (R, C), in float64.

    A plain float32 sum over 100,000 rows is wrong in the fourth digit. Blocks of 64 rows with a float64 total are
    right to the seventh, and as products with a row of ones they run as fast as memory; the rows that are left over
    are added up in float64. The result is scratch memory.

    >>> sum_of_rows(np.ones((1000, 2), np.float32))
    array([1000., 1000.])
    """
    if is_on_gpu(matrix):
        return _on_gpu().sum_of_rows(matrix, name)
    rows, columns = matrix.shape
    blocks = rows // BLOCK
    parts = scratch(f'{name}: parts', (blocks, columns), matrix.dtype)
    whole = matrix[: blocks * BLOCK].reshape(blocks, BLOCK, columns)
    np.matmul(_row_of_ones(matrix.dtype), whole, out=parts[:, None])
    exact = scratch(f'{name}: exact parts', (blocks + 1, columns), np.float64)
    np.copyto(exact[:blocks], parts)
    np.add.reduce(matrix[blocks * BLOCK :], axis=0, dtype=np.float64, out=exact[blocks])
    total = scratch(f'{name}: total', (columns,), np.float64)
    return np.add.reduce(exact, axis=0, out=total)


def sum_to(array, shape):
    """Return the sum of an array over the axes along which `shape`, of as many axes, has size 1, in float64.

    It is the way back of an array of that shape that was repeated along them. The result is scratch memory.

    >>> sum_to(np.ones((2, 3, 4), np.float32), (1, 3, 1))
    array([[[8.],
            [8.],
            [8.]]])
    """
    if is_on_gpu(array):
        return _on_gpu().sum_to(array, shape)
    axes = tuple(axis for axis, (size, left) in enumerate(zip(array.shape, shape, strict=True)) if size != left)
    total = scratch('sum to', shape, np.float64)
    return np.add.reduce(array, axis=axes, dtype=np.float64, keepdims=True, out=total)


def _on_gpu():
    """Return the file of the functions of these names for arrays on a GPU: kernels of this family run on them, too."""
    return importlib.import_module('nnlite.kernels.on_cupy.sums')


def _row_of_ones(dtype):
    if dtype not in _ones:
        _ones[dtype] = np.ones((1, BLOCK), dtype)
    return _ones[dtype]
