"""What is kept of steps on a GPU, in three orders of threads."""

import numpy as np
import pytest

from nnlite.kernels.on_cupy.account import enter_step, look


@pytest.fixture
def kept(cupy):
    """Losses, rates and counts, before the first step."""
    return cupy.zeros(3, 'f8'), cupy.asarray([0.5, np.nan, 7]), cupy.zeros(4, 'i8')


@pytest.mark.parametrize('dtype', ['f2', 'f4', 'f8'])
@pytest.mark.parametrize('rows, classes', [(1, 1), (5, 3), (70, 33)])
def test_a_step_is_counted(cupy, order, kept, dtype, rows, classes):
    losses, rates, counts = kept
    random = np.random.default_rng(rows)
    scores = random.integers(-2, 3, (classes, rows)).astype(dtype).T  # does not lie in C order
    labels = random.integers(1, classes + 1, rows)
    ranks = [
        np.flatnonzero(np.argsort(-row, kind='stable') == label - 1)[0]
        for row, label in zip(scores, labels, strict=True)
    ]
    for loss in (1.5, 2.5):
        scores_there = cupy.asarray(np.ascontiguousarray(scores.T)).T
        enter_step(scores_there, cupy.asarray(labels), cupy.full((), loss, 'f8'), losses, rates, counts)
    assert losses.get().tolist() == [1.5, 2.5, 0]
    assert counts.get().tolist() == [2, *(2 * sum(rank < top for rank in ranks) for top in (1, 5)), 0]
    assert rates.get()[2] == 0.5


@pytest.mark.parametrize('dtype', ['f2', 'f4', 'f8'])
@pytest.mark.parametrize('size', [1, 255, 5000])
def test_the_last_number_is_looked_at(cupy, order, kept, dtype, size):
    losses, rates, counts = kept
    numbers = cupy.full(size, np.finfo(dtype).max, dtype)
    look(numbers, counts)
    assert counts.get().tolist() == [0, 0, 0, 0]
    numbers[size - 1 :] = -np.inf
    look(numbers, counts)
    assert counts.get().tolist() == [0, 0, 0, 1]
    enter_step(cupy.zeros((2, 2), dtype), cupy.ones(2, 'i8'), cupy.ones((), 'f8'), losses, rates, counts)
    assert counts.get().tolist() == [0, 0, 0, 1] and np.isnan(rates.get()[2]) and losses.get().tolist() == [0, 0, 0]
