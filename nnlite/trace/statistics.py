"""What is kept of an array: a few numbers, and how its values are spread."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlite.tensor.devices import to_host

QUANTITIES = ('output', 'gradOutput', 'gradInput', 'gradWeight')
STATISTICS = ('norm', 'mean', 'std', 'zeros', 'dead', 'low', 'high')
BINS = 32  # of a histogram
SAMPLE = 1 << 16  # numbers that are counted in one, at most


@dataclass(frozen=True)
class Statistics:
    """Numbers that say what an array, or a table of arrays, is like.

    Attributes:
        norm: sqrt(sum of x^2).
        mean, std: of all numbers; std is the spread around the mean.
        zeros: the share of numbers that are 0.
        dead: the share of planes, along the second axis, that are 0 everywhere; NaN where there is no such axis.
        low, high: the smallest and the largest number.
        histogram: how many numbers lie in each of BINS equal intervals from low to high; of large arrays every so many
            numbers are counted, SAMPLE at most.

    All are NaN, and the histogram 0, of no numbers, or if one is not finite (norm, mean and std then say so).
    """

    norm: float
    mean: float
    std: float
    zeros: float
    dead: float
    low: float
    high: float
    histogram: np.ndarray


def statistics_of(values: Any) -> Statistics:
    """Return the statistics of an array, or of all arrays of a table together, on the host or on a GPU.

    >>> found = statistics_of(np.float32([[0, 3], [0, -4]]))
    >>> found.norm, found.mean, found.zeros, found.dead, int(found.histogram.sum())
    (5.0, -0.25, 0.5, 0.5, 4)
    """
    arrays = [np.asarray(to_host(array)) for array in _leaves(values)]
    numbers = np.concatenate([array.ravel() for array in arrays]).astype(np.float64) if arrays else np.empty(0)
    empty = np.zeros(BINS, np.int64)
    if not numbers.size:
        nothing = float('nan')
        return Statistics(nothing, nothing, nothing, nothing, nothing, nothing, nothing, empty)
    with np.errstate(invalid='ignore', over='ignore'):
        norm, mean, std = float(np.linalg.norm(numbers)), float(numbers.mean()), float(numbers.std())
    zeros, dead = float((numbers == 0).mean()), _dead(arrays)
    low, high = float(numbers.min()), float(numbers.max())
    if not np.isfinite([low, high]).all():
        return Statistics(norm, mean, std, zeros, dead, low, high, empty)
    counted = numbers[:: -(-numbers.size // SAMPLE)]
    return Statistics(norm, mean, std, zeros, dead, low, high, np.histogram(counted, BINS, (low, high))[0])


def _dead(arrays: list[np.ndarray]) -> float:
    """Return the share of planes that are 0 everywhere."""
    planes = [~np.any(array, axis=(0, *range(2, array.ndim))) for array in arrays if array.ndim > 1 and array.size]
    return float(np.concatenate(planes).mean()) if planes else float('nan')


def _leaves(values: Any) -> list[Any]:
    """Return the arrays in a table, and in the tables in it; none for what is no array."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list):
        return [leaf for value in values for leaf in _leaves(value)]
    return [values] if hasattr(values, 'dtype') else []
