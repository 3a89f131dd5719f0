"""Sums over many rows, to the seventh digit."""

import math

import numpy as np
import pytest

from nnlite.kernels.on_numpy.sums import BLOCK, sum_of_rows


@pytest.mark.parametrize('rows', [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 100_000])
@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_sum_of_rows_is_exact_to_the_last_digits(rows, dtype):
    """As many rows as make no block, one, and one more than that; and many."""
    matrix = (30 + np.random.default_rng(1).standard_normal((rows, 3))).astype(dtype)
    exact = [math.fsum(column) for column in matrix.T.astype(np.float64)]
    np.testing.assert_allclose(sum_of_rows(matrix), exact, rtol=2e-7 if dtype == np.float32 else 1e-14)


def test_a_plain_sum_would_not_do():
    """What the blocks are for: this matrix separates the two."""
    matrix = np.full((100_000, 1), 0.1, np.float32)
    exact = math.fsum(matrix[:, 0].astype(np.float64))
    plain = np.float32(0)
    for number in matrix[:, 0]:
        plain += number
    assert abs(plain / exact - 1) > 1e-5
    assert abs(sum_of_rows(matrix)[0] / exact - 1) < 1e-7


def test_strided_rows():
    matrix = np.arange(24.0).reshape(4, 6)[:, ::2]
    np.testing.assert_array_equal(sum_of_rows(matrix), matrix.sum(0))
