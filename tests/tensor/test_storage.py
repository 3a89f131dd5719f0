"""Storage: memory that grows and never shrinks, laid out as plain arrays or channels-last maps."""

import numpy as np
import pytest

import nnlite
from nnlite.tensor.memory import root
from nnlite.tensor.storage import is_map, layout_of


def test_grows_and_never_shrinks():
    storage = nnlite.Storage()
    small = storage.view((2, 3), np.float32)
    big = storage.view((4, 5), np.float32)
    assert len(storage) == 20 and not np.shares_memory(small, big)
    again = storage.view((3,), np.float32)
    assert np.shares_memory(again, big) and len(storage) == 20


@pytest.mark.parametrize('dtype', [np.float64, np.float32, np.float16, np.int64, bool])
def test_begins_at_a_line_of_the_cache_and_is_all_there_is(dtype):
    storage = nnlite.Storage()
    view = storage.view((3, 5, 2, 2), dtype, 'map')
    view[...] = 1
    assert view.ctypes.data % 64 == 0 and len(storage) == view.size == root(view).size
    assert storage.view((0, 5), dtype).shape == (0, 5)


def test_another_type_takes_new_memory():
    storage = nnlite.Storage()
    first = storage.view((4,), np.float32)
    second = storage.view((4,), np.float64)
    assert second.dtype == np.float64 and not np.shares_memory(first, second)


@pytest.mark.parametrize('space', [(4,), (4, 5), (4, 5, 6)])
def test_map_lies_channels_last(space):
    view = nnlite.Storage().view((2, 3, *space), np.float32, 'map')
    assert view.shape == (2, 3, *space) and np.moveaxis(view, 1, -1).flags.c_contiguous
    single = nnlite.Storage().view((3, *space), np.float32, 'single')
    assert single.shape == (3, *space) and np.moveaxis(single, 0, -1).flags.c_contiguous
    assert len(space) == 1 or is_map(view)
    assert len(space) != 2 or is_map(single)


def test_layout_of_what_is_given():
    maps = nnlite.Storage().view((2, 3, 4, 5), np.float32, 'map')
    assert layout_of(maps) == layout_of(np.zeros((2, 3, 4, 5))) == layout_of(np.zeros((1, 2, 3, 4, 5))) == 'map'
    assert layout_of(maps[0]) == 'single'
    assert layout_of(np.zeros((3, 4, 5))) == layout_of(np.zeros((2, 3))) == layout_of(np.zeros(3)) == 'plain'


def test_is_map_needs_channels_innermost_without_gaps():
    assert not is_map(np.zeros((2, 3, 4, 5))) and not is_map(np.zeros((3, 4, 5)))
    assert is_map(np.zeros((2, 1, 4, 5))), 'one channel lies last and first'
    maps = nnlite.Storage().view((2, 4, 3, 5), np.float32, 'map')
    assert not is_map(maps[:, ::2])


def test_empty_shapes():
    assert nnlite.Storage().view((0, 3, 2, 2), np.float32, 'map').shape == (0, 3, 2, 2)
    assert nnlite.Storage().view((), np.float32).shape == ()


def test_prints_its_size_and_type():
    assert repr(nnlite.Storage(np.zeros(3, np.int64))) == 'Storage(3 of int64)'
