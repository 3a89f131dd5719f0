"""Choosing numbers by a mask."""

import numpy as np


def keep(values, mask, out):
    """Out = values where the mask holds, else 0. Out may be the values; the mask is scratch memory, and spent.

    It keeps or clears the numbers' bits: as fast as a product with the mask, which would make NaN of infinity.

    >>> keep(np.float32([1, np.inf, np.nan]), np.array([True, False, False]), out=np.empty(3, np.float32))
    array([1., 0., 0.], dtype=float32)
    """
    bits = f'i{values.itemsize}'
    ones = np.negative(mask.view('i1'), out=mask.view('i1'))  # -1, which is all ones, where it holds
    np.bitwise_and(values.view(bits), ones, out=out.view(bits))
    return out
