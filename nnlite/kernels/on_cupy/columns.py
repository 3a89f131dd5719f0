"""How a matrix (rows, channels) is shared out among blocks and threads by the kernels of columns.h."""

from nnlite.kernels.on_cupy.launching import THREADS, blocks

AHEAD = 4  # as in columns.h: rows that keep a thread busy
SUMMING = 264  # blocks, two for each multiprocessor of an H100: on every GPU alike, and so are the bits of the sums
PASSING = 1056  # blocks of a pass in which no block has sums to hand on
FINAL = 8, THREADS // 8  # threads (channels, parts) that add up what blocks have left


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
    slices = min(blocks(rows, down * AHEAD), max(1, most // groups))
    return (groups, slices), (across, down)
