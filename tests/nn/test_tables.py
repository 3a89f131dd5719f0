"""What the table of tests cannot say of modules that take or give tables."""

import numpy as np
import pytest

import nnlite
from nnlite import nn


@pytest.mark.parametrize('cls', [nn.CMaxTable, nn.CMinTable])
def test_of_equals_the_first_gets_the_gradient(cls):
    module, x, grad = cls(), np.float32([1, 2, 3]), np.float32([np.inf, 5, 6])
    assert module.forward([x, x.copy(), x.copy()]).tolist() == [1, 2, 3]
    assert [part.tolist() for part in module.backward([x, x, x], grad)] == [[np.inf, 5, 6], [0, 0, 0], [0, 0, 0]]


def test_product_has_an_efficient_gradient():
    rng = np.random.default_rng(1)
    input, grad = list(rng.uniform(1, 2, (3, 4, 5))), rng.uniform(-1, 1, (4, 5))
    module = nn.CMulTable().double()
    module.forward(input)
    expected = [part.copy() for part in module.updateGradInput(input, grad)]
    np.testing.assert_allclose(module.updateGradInput_efficient(input, grad), expected, rtol=1e-14)


def test_narrow_table_wants_a_place():
    assert nn.NarrowTable(np.int64(2)).forward([1, 2, 3]) == [2]
    for offset in (None, 0, -1, 1.5):
        with pytest.raises(nnlite.Error, match=f'expected an offset from 1 up, got {offset}'):
            nn.NarrowTable(offset)


def test_vector_splits_into_numbers():
    module, x = nn.SplitTable(1), np.float32([1, 2])
    assert [float(part) for part in module.forward(x)] == [1, 2]
    assert module.backward(x, [np.array(3, np.float32), np.array(4, np.float32)]).tolist() == [3, 4]


def test_flat_table_takes_the_type_of_what_comes():
    """FlattenTable.lua's type() does nothing, so that files of float networks say double."""
    module, x = nn.FlattenTable().double(), np.ones(2, np.float32)
    module.forward([x, [x]])
    assert [part.dtype for part in module.backward([x, [x]], [x, x])[1]] == [np.float32]
