"""Copies and fillings by CUDA's kernels, of arrays with gaps in memory."""

from types import SimpleNamespace

import numpy as np
import pytest

from nnlite.kernels import on_cupy
from nnlite.kernels.on_cupy import copies
from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.tensor.devices import on_gpu

# Shapes of the whole arrays, the order of their axes in memory, and what is taken of them.
PARTS = {
    'some planes': ((3, 12, 4, 5), (0, 2, 3, 1), np.s_[:, 4:8]),
    'some planes, not in fours': ((3, 12, 4, 5), (0, 2, 3, 1), np.s_[:, 3:8]),
    'a plane': ((3, 12, 4, 5), (0, 2, 3, 1), np.s_[:, 3:4]),
    'some rows': ((3, 4, 6, 8), (0, 1, 2, 3), np.s_[:, :, 1:5]),
    'some of all': ((5, 6, 7, 8), (0, 1, 2, 3), np.s_[1:4, 2:5, 1:3, 4:8]),
    'all': ((3, 4, 5, 6), (0, 2, 3, 1), np.s_[:]),
    'every second': ((8, 6), (0, 1), np.s_[:, ::2]),
    'backwards': ((8, 6), (0, 1), np.s_[::-1, :4]),
    'none': ((4, 6), (0, 1), np.s_[:, 3:3]),
    'one number': ((4, 6), (0, 1), np.s_[1:2, 3:4]),
}


def laid_out(xp, shape, order, dtype):
    """Return numbers in an array whose axes lie in this order in memory."""
    numbers = np.arange(np.prod(shape)).reshape([shape[axis] for axis in order]) % 251 + 1
    return xp.asarray(numbers.astype(dtype)).transpose(np.argsort(order).tolist())


@pytest.mark.parametrize('dtype', ['float32', 'float64', 'float16', 'int64'])
@pytest.mark.parametrize('name', PARTS)
def test_copies(cupy, order, name, dtype):
    shape, axes, part = PARTS[name]
    source, target = laid_out(cupy, shape, axes, dtype), laid_out(cupy, shape, axes, dtype)
    target *= 0
    expected = target.get()
    expected[part] = source.get()[part]
    on_cupy.Copy_updateOutput(source[part], target[part])
    np.testing.assert_array_equal(target.get(), expected)
    packed = cupy.zeros(source[part].shape, dtype)  # side by side, in C order
    on_cupy.Copy_updateOutput(source[part], packed)
    np.testing.assert_array_equal(packed.get(), source.get()[part])


@pytest.mark.parametrize('dtype', ['float32', 'float64', 'float16', 'int64'])
@pytest.mark.parametrize('name', PARTS)
def test_fillings(cupy, order, name, dtype):
    shape, axes, part = PARTS[name]
    target = laid_out(cupy, shape, axes, dtype)
    expected = target.get()
    expected[part] = 7
    on_cupy.Fill_updateOutput(target[part], 7)
    np.testing.assert_array_equal(target.get(), expected)


def test_one_row_for_all_and_other_types(cupy):
    row, target = cupy.arange(4, dtype='f'), cupy.zeros((6, 8), 'f')
    on_cupy.Copy_updateOutput(cupy.broadcast_to(row, (6, 4)), target[:, 4:])
    np.testing.assert_array_equal(target.get(), np.tile([0, 0, 0, 0, 0, 1, 2, 3], (6, 1)))
    on_cupy.Copy_updateOutput(cupy.ones((6, 4), 'd'), target[:, :4])
    np.testing.assert_array_equal(target.get()[:, :4], 1)


def test_what_a_shortcut_needs_is_one_kernel(cupy, monkeypatch):
    """Half of a map's planes, to and from a map of their own, and zeros in the other half."""
    launched = []
    monkeypatch.setattr(copies.SOURCE, 'launch', lambda name, *args, **options: launched.append(name))
    whole = laid_out(cupy, (4, 32, 6, 6), (0, 2, 3, 1), 'f')
    half = laid_out(cupy, (4, 16, 6, 6), (0, 2, 3, 1), 'f')
    on_cupy.Copy_updateOutput(half, whole[:, :16])
    on_cupy.Copy_updateOutput(whole[:, :16], half)
    on_cupy.Fill_updateOutput(whole[:, 16:], 0)
    assert launched == ['copy_rows<{T}, true>', 'copy_rows<{T}, true>', 'fill_rows<{T}, true>']


def test_each_gpu_has_scratch_memory_of_its_own(cupy, monkeypatch):
    if cupy.__name__ == 'cupy':
        pytest.skip('there may be one GPU only')
    take = on_gpu(lambda: scratch('a test', (3,), np.float32).data.ptr)
    first = take()
    with monkeypatch.context() as other:
        other.setattr(cupy.cuda, 'Device', lambda: SimpleNamespace(id=1))
        assert take() != first
    assert take() == first
