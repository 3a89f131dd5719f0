"""Span: the piece of memory that several arrays to be saved lie in, which a file holds as one storage."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds


class Span:
    """Memory from the first element that any of its arrays has to the last.

    Args:
        index: the storage's index in the file.

    >>> memory = np.arange(10.0)
    >>> span = Span(7)
    >>> span.add(memory[4:6])
    >>> span.add(memory[2:8:2])
    >>> span.memory()
    array([2., 3., 4., 5., 6.])
    >>> span.offset(memory[4:6])
    2
    """

    def __init__(self, index: int) -> None:
        self.index = index
        self.lowest: Any = None
        self.end = 0

    def add(self, array: np.ndarray) -> None:
        """Stretch over an array of the same memory, whose strides are not negative."""
        low, end = byte_bounds(array)
        if self.lowest is None or low < byte_bounds(self.lowest)[0]:
            self.lowest = array
        self.end = max(self.end, end)

    def offset(self, array: np.ndarray) -> int:
        """Return how many elements lie before the first of an array."""
        return (byte_bounds(array)[0] - byte_bounds(self.lowest)[0]) // array.itemsize

    def memory(self) -> np.ndarray:
        """Return the whole span as a vector."""
        size = (self.end - byte_bounds(self.lowest)[0]) // self.lowest.itemsize if self.lowest.size else 0
        step = self.lowest.itemsize
        return np.lib.stride_tricks.as_strided(self.lowest, (size,), (step,), writeable=False)
