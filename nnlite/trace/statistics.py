"""What is kept of an array: a few numbers, and how its values are spread."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlite.tensor.devices import to_host

QUANTITIES = ('output', 'gradOutput', 'gradInput', 'gradWeight')
STATISTICS = ('norm', 'mean', 'std', 'zeros', 'dead', 'low', 'high')
BINS = 32  # of a histogram
SAMPLE = 1 << 14  # numbers that are counted in one, at most
BLOCK = 1 << 15  # numbers that are looked at together, so that they stay in a cache


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
    arrays = [array for array in map(_on_host, _leaves(values)) if array.size]
    empty = np.zeros(BINS, np.int64)
    if not arrays:
        nothing = float('nan')
        return Statistics(nothing, nothing, nothing, nothing, nothing, nothing, nothing, empty)
    flat = [array.ravel(order='K') for array in arrays]
    count = sum(numbers.size for numbers in flat)
    with np.errstate(invalid='ignore', over='ignore'):
        mean, squares = _spread(flat)
        norm, std = math.sqrt(squares + count * mean * mean), math.sqrt(squares / count)
        low, high = float(np.min([part.min() for part in flat])), float(np.max([part.max() for part in flat]))
    zeros = sum(int(np.count_nonzero(numbers == 0)) for numbers in flat) / count
    dead = _dead(arrays)
    if not np.isfinite([low, high]).all():
        return Statistics(norm, mean, std, zeros, dead, low, high, empty)
    # An odd number of steps, or only some columns of a map would be seen.
    step = -(-count // SAMPLE)
    step += count > SAMPLE and step % 2 == 0
    counted = np.concatenate([numbers[::step] for numbers in flat]).astype(np.float64)
    return Statistics(norm, mean, std, zeros, dead, low, high, _histogram(counted, low, high))


def _on_host(array: Any) -> np.ndarray:
    return np.asarray(to_host(array))


def _spread(parts: list[np.ndarray]) -> tuple[float, float]:
    """Return the mean of all numbers, and the sum of their squared distances from it, in float64.

    Each block's own are added to those of the blocks before it: no cancellation, however far from 0 the numbers are.

    Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
    """
    room = np.empty(BLOCK)  # einsum and not dot: threads of BLAS wait for each other longer than such blocks take
    count, mean, squares = 0, 0.0, 0.0
    for numbers in parts:
        for first in range(0, numbers.size, BLOCK):
            size = min(BLOCK, numbers.size - first)
            block = room[:size]
            block[...] = numbers[first : first + size]
            own = float(block.sum()) / size
            block -= own
            distance, count = own - mean, count + size
            mean += distance * size / count
            squares += float(np.einsum('i,i', block, block)) + distance * distance * size * (count - size) / count
    return mean, squares


def _histogram(numbers: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return how many numbers, finite and in float64, lie in each of BINS equal intervals from low to high."""
    width = (high / 2 - low / 2) / BINS  # halves: the largest numbers of all lie further apart than there are numbers
    places = (numbers / 2 - low / 2) / width if width else np.full(numbers.size, BINS // 2)
    return np.bincount(np.minimum(places.astype(np.intp), BINS - 1), minlength=BINS)


def _dead(arrays: list[np.ndarray]) -> float:
    """Return the share of planes that are 0 everywhere."""
    planes = [_is_dead(array) for array in arrays if array.ndim > 1]
    return float(np.concatenate(planes).mean()) if planes else float('nan')


def _is_dead(array: np.ndarray) -> np.ndarray:
    """Return for each plane whether it is 0 everywhere; most planes are done with after the first image."""
    rest = tuple(range(1, array.ndim - 1))
    is_dead: np.ndarray = ~np.any(array[0], axis=rest)
    candidates = np.flatnonzero(is_dead)
    is_dead[candidates] = ~np.any(array[:, candidates], axis=(0, *range(2, array.ndim)))
    return is_dead


def _leaves(values: Any) -> list[Any]:
    """Return the arrays in a table, and in the tables in it; none for what is no array."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list):
        return [leaf for value in values for leaf in _leaves(value)]
    return [values] if hasattr(values, 'dtype') else []
