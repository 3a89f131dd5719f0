"""Kernels for GPUs against those of the same names on NumPy, and maps to try them on."""

import numpy as np
import pytest

from nnlite.kernels import on_cupy, on_numpy
from nnlite.tensor.devices import to_host

CLOSE = {'float64': 1e-12, 'float32': 2e-5, 'float16': 2e-2}
SIDES = pytest.mark.parametrize('sides', [1, 2, 3])


def maps(shape, dtype='float64'):
    """Return maps (N, C, *space) that lie channels-last, of numbers that say if they are not overwritten."""
    batch, planes, *space = shape
    return np.moveaxis(np.full((batch, *space, planes), 99, dtype), -1, 1)


def normal(rng, shape, dtype='float64'):
    made = maps(shape, dtype)
    made[...] = rng.standard_normal(shape)
    return made


def _exact(array):
    return array.astype('float64') if array.dtype.kind == 'f' else array.copy('K')


def to_gpu(cupy, array):
    """Return a copy on the GPU whose axes lie as the array's; those of cupy.asarray lie in C order."""
    axes = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    return cupy.asarray(np.ascontiguousarray(array.transpose(axes))).transpose(np.argsort(axes).tolist())


def agree(cupy, name, arrays, results, *options):
    """Say that a kernel leaves the same in its results as NumPy's, in double precision, does, but for rounding.

    Return what NumPy's left.
    """
    exact = [array if array is None else _exact(array) for array in arrays]
    ours = [array if array is None else to_gpu(cupy, array) for array in arrays]
    with np.errstate(all='ignore'):
        getattr(on_numpy, name)(*exact, *options)
    getattr(on_cupy, name)(*ours, *options)
    for place in results:
        expected, found = exact[place], to_host(ours[place])
        close = CLOSE.get(found.dtype.name, 0)
        largest = np.max(np.abs(expected), where=np.isfinite(expected), initial=1)
        np.testing.assert_allclose(found, expected, rtol=close, atol=close * largest)
    return [exact[place] for place in results]
