"""The ReLU, by itself and of a sum, and with an upper bound, compiled: one pass by all threads.

Thresholds other than 0, numbers other than float32, and arrays that lie in different orders are NumPy's; so are small
ones, which it is done with before threads have begun.
"""

import math
from itertools import pairwise

import numba
import numpy as np

from nnlite.kernels import on_numpy
from nnlite.kernels.on_numba.compiling import run, threaded
from nnlite.kernels.on_numba.memory import in_order
from nnlite.kernels.on_numba.simd import (
    LANES,
    load_first,
    maximum,
    pointer,
    rectified,
    splat,
    store_first,
    where_at_most,
    where_passed,
    where_positive,
)
from nnlite.tensor.threads import getnumthreads

SMALL = 1 << 15  # numbers


def Threshold_updateOutput(input, output, threshold, value):
    """Output = input where input > threshold, else value. Output may be the input.

    What becomes of what is no number: as in NumPy's.
    """
    vectors = _vectors(input, output) if threshold == 0 and value == 0 else None
    if vectors is None:
        on_numpy.Threshold_updateOutput(input, output, threshold, value)
        return
    run(rectify, *vectors, output is input, getnumthreads())


def Threshold_updateGradInput(reference, gradOutput, gradInput, threshold):
    """GradInput = gradOutput where the reference (the input, or an in-place module's output) > threshold, else 0."""
    vectors = _vectors(reference, gradOutput, gradInput) if threshold == 0 else None
    if vectors is None:
        on_numpy.Threshold_updateGradInput(reference, gradOutput, gradInput, threshold)
        return
    run(rectify_back, *vectors, gradInput is gradOutput, getnumthreads())


def HardTanh_updateOutput(input, output, least, most):
    """Output = input within the bounds, else the nearer of them. Output may be the input.

    What becomes of what is no number: as in NumPy's.
    """
    vectors = _vectors(input, output)
    if vectors is None:
        on_numpy.HardTanh_updateOutput(input, output, least, most)
        return
    run(clamp, *vectors, np.float32(least), np.float32(most), output is input and input.ndim > 1, getnumthreads())


def HardTanh_updateGradInput(input, gradOutput, gradInput, least, most):
    """GradInput = gradOutput where the input lies between the bounds, else 0; gradInput may be gradOutput."""
    vectors = _vectors(input, gradOutput, gradInput)
    if vectors is None:
        on_numpy.HardTanh_updateGradInput(input, gradOutput, gradInput, least, most)
        return
    run(clamp_back, *vectors, np.float32(least), np.float32(most), getnumthreads())


def CAddReLU_updateOutput(first, second, output):
    """Output = max(0, first + second), of arrays of one shape; output may be one of them; NaN stays."""
    vectors = _vectors(first, second, output)
    if vectors is None:
        on_numpy.CAddReLU_updateOutput(first, second, output)
        return
    run(add, *vectors, True, getnumthreads())


def CAdd_updateOutput(first, second, output):
    """Output = first + second, of arrays of one shape; output may be one of them."""
    vectors = _vectors(first, second, output)
    if vectors is None:
        on_numpy.CAdd_updateOutput(first, second, output)
        return
    run(add, *vectors, False, getnumthreads())


def Copy_updateOutput(input, output):
    """Output = input, of arrays of one shape, each of which may be a part of a larger one."""
    rows = _rows(output, input) if output.size >= SMALL and input.dtype == output.dtype == np.float32 else None
    if rows is None:
        on_numpy.Copy_updateOutput(input, output)
        return
    run(write_rows, *rows, np.float32(0), getnumthreads())


def Fill_updateOutput(output, value):
    """Output = a number everywhere, of an array that may be a part of a larger one."""
    rows = _rows(output) if output.size >= SMALL and output.dtype == np.float32 else None
    if rows is None:
        on_numpy.Fill_updateOutput(output, value)
        return
    run(write_rows, *rows, 0, 0, np.float32(value), getnumthreads())


def _rows(*arrays):
    """Return how long rows of numbers are that lie side by side in all of some arrays of one shape, and where.

    Returns:
        (numbers in a row, numbers in all, and for each array the address of the first row, and numbers from row to
        row), or None where there is no such pattern.
    """
    order = sorted(range(arrays[0].ndim), key=lambda axis: -arrays[0].strides[axis])
    arrays = [array.transpose(order) for array in arrays]
    whole = len(order)  # axes from there on lie without a gap in each
    while whole and all(array[(0,) * (whole - 1)].flags.c_contiguous for array in arrays):
        whole -= 1
    length, result = math.prod(arrays[0].shape[whole:]), []
    if length < LANES:
        return None
    for array in arrays:
        outer = list(zip(array.shape[:whole], array.strides[:whole], strict=True))
        step = outer[-1][1] if outer else length * array.itemsize
        if any(ahead != behind * count for (_, ahead), (count, behind) in pairwise(outer)):
            return None
        result += array.__array_interface__['data'][0], step // array.itemsize
    return length, arrays[0].size, *result


def _vectors(*arrays):
    """Return arrays as vectors of their numbers in one order, or None where these kernels are not for them."""
    ours = arrays[0].size >= SMALL and all(array.dtype == np.float32 for array in arrays)
    return in_order(*arrays) if ours else None


@threaded
def rectify(x, y, keeps, threads):
    """Y = x where it is above 0, else 0; it `keeps` what is no number, or makes it 0."""
    for thread in numba.prange(threads):
        part = np.int64(thread)
        end = len(x) * (part + 1) // threads
        for at in range(len(x) * part // threads, end, LANES):
            value = load_first(pointer(x) + at, end - at)
            value = rectified(value) if keeps else maximum(value, splat(np.float32(0)))
            store_first(pointer(y) + at, value, end - at)


@threaded
def rectify_back(reference, grads, gradInput, keeps, threads):
    """GradInput = grads where `rectify` let the reference pass, else 0."""
    for thread in numba.prange(threads):
        part = np.int64(thread)
        end = len(grads) * (part + 1) // threads
        for at in range(len(grads) * part // threads, end, LANES):
            known, grad = load_first(pointer(reference) + at, end - at), load_first(pointer(grads) + at, end - at)
            grad = where_passed(known, grad) if keeps else where_positive(known, grad)
            store_first(pointer(gradInput) + at, grad, end - at)


@threaded
def clamp(x, y, least, most, keeps, threads):
    """Y = x within the bounds, else the nearer of them; it `keeps` what is no number, or makes it the upper one."""
    low, high = splat(least), splat(most)
    for thread in numba.prange(threads):
        part = np.int64(thread)
        end = len(x) * (part + 1) // threads
        for at in range(len(x) * part // threads, end, LANES):
            value = load_first(pointer(x) + at, end - at)
            value = where_at_most(high, value, high, value) if keeps else where_at_most(value, high, value, high)
            store_first(pointer(y) + at, where_at_most(value, low, low, value), end - at)


@threaded
def clamp_back(x, grads, gradInput, least, most, threads):
    """GradInput = grads but where x is a bound or beyond: 0."""
    low, high, zero = splat(least), splat(most), splat(np.float32(0))
    for thread in numba.prange(threads):
        part = np.int64(thread)
        end = len(x) * (part + 1) // threads
        for at in range(len(x) * part // threads, end, LANES):
            value, grad = load_first(pointer(x) + at, end - at), load_first(pointer(grads) + at, end - at)
            grad = where_at_most(high, value, zero, where_at_most(value, low, zero, grad))
            store_first(pointer(gradInput) + at, grad, end - at)


@threaded
def write_rows(length, count, y, y_row, x, x_row, value, threads):
    """Y = x or, where x is 0, which is no address, a value: so many numbers in rows of a length.

    X and y are addresses, x_row and y_row numbers from row to row.
    """
    for thread in numba.prange(threads):
        part = np.int64(thread)
        at, last = count * part // threads, count * (part + 1) // threads
        while at < last:
            row, first = at // length, at % length
            end = min(length, first + last - at)
            for column in range(first, end, LANES):
                given = load_first(pointer(x) + (row * x_row + column), end - column) if x else splat(value)
                store_first(pointer(y) + (row * y_row + column), given, end - column)
            at += end - first


@threaded
def add(x, y, z, rectifies, threads):
    """Z = x + y; if it `rectifies`, 0 where that is below 0."""
    for thread in numba.prange(threads):
        part = np.int64(thread)
        end = len(x) * (part + 1) // threads
        for at in range(len(x) * part // threads, end, LANES):
            total = load_first(pointer(x) + at, end - at) + load_first(pointer(y) + at, end - at)
            store_first(pointer(z) + at, rectified(total) if rectifies else total, end - at)
