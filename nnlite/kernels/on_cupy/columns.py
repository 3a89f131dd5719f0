"""How a matrix (rows, channels) is shared out among blocks and threads by the kernels of columns.h."""

from typing import Any

import numpy as np

from nnlite.kernels.on_cupy.launching import THREADS, blocks
from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.tensor.devices import gpu

BUSY = 4  # rows that are worth a thread
SUMMING = 264  # blocks, two for each multiprocessor of an H100: on every GPU alike, and so are the bits of the sums
PASSING = 1056  # blocks of a pass in which no block has sums to hand on
FINAL = 4, 128  # threads (channels, parts) that add up what another kernel's blocks have left
_tickets: dict[int, Any] = {}  # of each GPU, by its number


def is_wide(channels, *arrays):
    """Return whether threads can take 16 bytes of neighbouring channels at once; arrays may be None."""
    given = [array for array in arrays if array is not None]
    return channels % (16 // given[0].itemsize) == 0 and all(array.data.ptr % 16 == 0 for array in given)


def shared_out(rows, channels, width, most):
    """Return the grid (groups of channels, slices of rows), at most so many blocks of them, and the block's threads.

    >>> shared_out(131072, 16, 4, 264)
    ((1, 264), (4, 64))
    >>> shared_out(100, 70, 1, 264)
    ((3, 4), (32, 8))
    """
    packs, across = channels // width, 1
    while across < min(packs, 32):
        across *= 2
    groups, down = blocks(packs, across), THREADS // across
    slices = min(max(1, blocks(rows, down * BUSY)), max(1, most // max(1, groups)))
    return (groups, slices), (across, down)


def parts_and_tickets(grid, kinds, channels):
    """Return the memory in which blocks of such a grid leave sums of so many kinds, and find out who is the last."""
    number = gpu().cuda.Device().id
    if number not in _tickets or len(_tickets[number]) < grid[0]:
        _tickets[number] = gpu().zeros(max(grid[0], 1024), np.uint32)
    return scratch('parts', (grid[1], kinds, channels), np.float64), _tickets[number]


def name_of(kernel, wide):
    """Return what a kernel is called that takes 16 bytes at once, or number by number."""
    return f'{kernel}<{{T}}, {"true" if wide else "false"}>'
