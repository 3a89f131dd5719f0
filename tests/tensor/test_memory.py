"""Arrays that share memory: found, moved and flattened together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlite.tensor.memory import address, flatten, root, transplant


def sharing(arrays):
    """Return which pairs of arrays share elements."""
    return [[np.shares_memory(a, b) for b in arrays] for a in arrays]


def test_root_is_what_owns_the_memory():
    a = np.zeros((4, 6))
    assert root(a) is a and root(a[1:, ::2].T) is a
    assert root(np.moveaxis(a.reshape(2, 2, 6), 0, 2)) is a


def test_root_of_memory_that_no_array_owns():
    memory = bytearray(32)
    a = np.frombuffer(memory, np.float64)
    assert root(a[1:]) is a


def test_address_tells_elements_apart():
    a = np.zeros((3, 3))
    assert address(a) == address(a[:]) != address(a.T)
    assert address(a[0]) != address(a[1]) and address(a[:2]) != address(a)
    assert address(a) != address(a.view(np.int64))


# Views of one vector of 24: whole, part, turned, strided, backwards.
VIEWS = [
    lambda a: a,
    lambda a: a[3:15],
    lambda a: a[6:18].reshape(3, 4),
    lambda a: a[6:18].reshape(3, 4).T,
    lambda a: a[4:20:3],
    lambda a: a[2:10][::-1],
    lambda a: a.reshape(2, 3, 4)[:, 1],
    lambda a: a[5:5],
    lambda a: a[7:8].reshape(()),
    lambda a: np.moveaxis(a.reshape(2, 3, 4), 1, 2),
]
views = st.lists(st.sampled_from(VIEWS), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(views, views)
def test_transplant_keeps_values_and_sharing(mine, others):
    one, other = np.arange(24.0), np.arange(100.0, 124)
    arrays = [view(one) for view in mine] + [view(other) for view in others]
    kept = [array.copy() for array in arrays]
    twins = transplant(arrays, lambda memory: memory.astype(np.float32))
    for twin, array, value in zip(twins, arrays, kept, strict=True):
        assert twin.dtype == np.float32 and not np.shares_memory(twin, array)
        np.testing.assert_array_equal(twin, value)
    assert sharing(twins) == sharing(arrays)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(views, views)
def test_flatten_keeps_values_and_sharing(mine, others):
    one, other = np.arange(24.0), np.arange(100.0, 124)
    arrays = [view(one) for view in mine] + [view(other) for view in others]
    kept = [array.copy() for array in arrays]
    flat, twins = flatten(arrays)
    for twin, value in zip(twins, kept, strict=True):
        np.testing.assert_array_equal(twin, value)
        assert twin.size == 0 or root(twin) is root(flat)
    assert sharing(twins) == sharing(arrays)


def test_flatten_of_strangers_is_their_elements_in_order():
    arrays = [np.arange(6.0).reshape(2, 3), np.array(6.0), np.arange(7.0, 9), np.empty((0, 3))]
    flat, _ = flatten(arrays)
    np.testing.assert_array_equal(flat, np.arange(9.0))


def test_flatten_lays_out_each_shared_region_once_where_the_first_stands():
    a, b = np.arange(4.0), np.arange(10.0, 13)
    flat, (first, _, again) = flatten([a, b, a[:]])
    np.testing.assert_array_equal(flat, [0, 1, 2, 3, 10, 11, 12])
    first[0] = 9
    assert again[0] == 9


def test_flatten_keeps_neighbours_in_the_order_of_the_list():
    """Next to each other in memory is not shared."""
    memory = np.arange(8.0)
    flat, _ = flatten([memory[4:], memory[:4]])
    np.testing.assert_array_equal(flat, [4, 5, 6, 7, 0, 1, 2, 3])


def test_flatten_takes_no_holes_of_an_array_alone():
    flat, _ = flatten([np.arange(10.0)[::3], np.moveaxis(np.arange(6.0).reshape(2, 3), 0, 1)])
    np.testing.assert_array_equal(flat, [0, 3, 6, 9, 0, 3, 1, 4, 2, 5])


def test_flatten_of_nothing():
    flat, views = flatten([])
    assert flat.size == 0 and views == []


@pytest.mark.parametrize('big', [1000, 100_000])
def test_transplant_trims_to_what_is_used(big):
    sizes = []
    transplant([np.zeros(big)[10:14]], lambda memory: sizes.append(memory.size) or memory.copy())
    assert sizes == [4]
