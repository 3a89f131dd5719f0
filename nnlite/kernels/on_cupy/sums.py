"""Sums over very many rows on a GPU, in float64: blocks add up slices of the rows, and the last one what they leave.

on_numpy's functions of the same names come here with arrays that live on a GPU.
"""

import math

import numpy as np

from nnlite.kernels.on_cupy.columns import SUMMING, is_wide, name_of, parts_and_tickets, shared_out
from nnlite.kernels.on_cupy.launching import THREADS, Source
from nnlite.kernels.on_numpy.scratch import contiguous, scratch

SOURCE = Source('sums.cu', 'sum_rows<{T}, false>', 'sum_rows<{T}, true>')


def sum_of_rows(matrix, name='sum of rows'):
    """Return the sum over the rows of a matrix (R, C), in float64: scratch memory of that name."""
    total = scratch(f'{name}: total', matrix.shape[1:], np.float64)
    _sum(contiguous(matrix, 'rows'), total, None, 0)
    return total


def sum_to(array, shape):
    """Return the sum of an array over the axes along which `shape`, of as many axes, has size 1, in float64.

    Scratch memory. Where these axes are not the outer ones in memory, CuPy's own reduction is as good.
    """
    inwards = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    axes = [axis for axis in inwards if array.shape[axis] != shape[axis]]
    kept = [axis for axis in inwards if array.shape[axis] == shape[axis]]
    rolled, result = array.transpose(axes + kept), scratch('sum to', shape, np.float64)
    if not rolled.flags.c_contiguous:
        return np.add.reduce(array, axis=tuple(axes), dtype=np.float64, keepdims=True, out=result)
    in_memory = result.transpose(axes + kept)
    total = result if in_memory.flags.c_contiguous else scratch('sum in memory', in_memory.shape, np.float64)
    _sum(rolled.reshape(-1, math.prod(shape)), total, None, 0)
    if total is not result:
        np.copyto(in_memory, total)
    return result


def add_sum_of_rows(matrix, vector, scale):
    """Vector (C) += scale * the sum over the rows of a matrix (R, C) in C order."""
    if vector.flags.c_contiguous:
        _sum(matrix, None, vector, scale)
    else:
        total = sum_of_rows(matrix)
        np.add(vector, np.multiply(total, scale, out=total), out=vector, casting='same_kind')


def _sum(matrix, total, result, scale):
    """Total (C) = the sum over the rows of a matrix (R, C) in C order; or, where it is given, result += scale * it."""
    rows, channels = matrix.shape
    wide = is_wide(channels, matrix)
    width = 16 // matrix.itemsize if wide else 1
    grid, block = shared_out(rows, channels, width, SUMMING)
    SOURCE.launch(
        name_of('sum_rows', wide), matrix.dtype, grid, block, matrix, *parts_and_tickets(grid, 1, channels), total,
        result, float(scale), rows, channels, shared=width * THREADS * 8,
    )  # fmt: skip
