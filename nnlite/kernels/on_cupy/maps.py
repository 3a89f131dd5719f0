"""A thread for each pixel of a map and each of its planes, or four of these at once: the Python of maps.h."""

import functools
import math

import numpy as np

from nnlite.errors import ShapeError
from nnlite.kernels.on_cupy.geometry import SIDES, vector
from nnlite.kernels.on_cupy.launching import MOST_BLOCKS, THREADS, blocks

_DIVISOR = np.dtype([(name, np.uint32) for name in ('by', 'factor', 'shift')])
_WALK = np.dtype([(name, _DIVISOR) for name in ('planes', 'width', 'height')])
_DIVISORS = np.dtype([('of', _DIVISOR, SIDES)])
WARP = 32
IMAGES = MOST_BLOCKS  # at a time


def in_widths(*names):
    """Return what kernels are called that are made for one plane at a time, and for four.

    >>> in_widths('pad')
    ['pad<{T}, 1>', 'pad<{T}, 4>']
    """
    return [f'{name}<{{T}}, {width}>' for name in names for width in (1, 4)]


def divisor(by):
    """Return (by, factor, shift): a number n below 2^31, divided by `by`, is (n factor / 2^32 + n) / 2^shift.

    >>> by, factor, shift = divisor(7)
    >>> [((n * factor >> 32) + n) >> shift for n in (6, 7, 2**31 - 1)] == [0, 1, (2**31 - 1) // 7]
    True
    """
    shift = (by - 1).bit_length()
    return by, (((1 << shift) - by) << 32) // by + 1, shift


@functools.cache
def divisors(numbers):
    """Return the divisors for a tuple of one to three numbers, one for each side of maps, as the kernels take them."""
    return np.array(([divisor(number) for number in _three(numbers)],), _DIVISORS)[()]


def _three(sizes):
    return [1] * (SIDES - len(sizes)) + [*sizes]


@functools.cache
def walk(space, planes):
    """Return what a thread needs to find its pixel of a map of one to three sides, and its plane."""
    _, height, width = _three(space)
    return np.array(tuple(map(divisor, (planes, width, height))), _WALK)[()]


def launch(source, name, result, arrays, *arguments, width=None, together=1):
    """Launch a kernel with a thread for each pixel of a result (N, *space, C) and each of its planes, or for four.

    Args:
        source: which has the kernel.
        name: its name, as given to `in_widths`.
        result: one of the arrays.
        arrays: (N, ..., C), in C order, which the kernel takes first.
        arguments: what it takes next. Behind these come the number of images, the Walk over one of them, and how many
            threads have something to do there.
        width: how many planes a thread does; by default 4 wherever that goes.
        together: how many images a thread does at a time.
    """
    images, *space, planes = result.shape
    width = width or vector([planes], *arrays)
    planes //= width
    count = math.prod(space) * planes
    if not images * count:
        return
    threads = min(THREADS, blocks(count, WARP) * WARP)  # no more than an image has
    grid = blocks(count, threads), min(blocks(images, together), IMAGES)
    arguments = *arrays, *arguments, images, walk(tuple(space), planes), count
    source.launch(f'{name}<{{T}}, {width}>', result.dtype, grid, threads, *arguments)


def pixels(result):
    """Return a batch (N, C, *space) that lies channels-last as what it is in memory, (N, *space, C).

    Raises:
        ShapeError: it lies otherwise.
    """
    rolled = np.moveaxis(result, 1, -1)
    if not rolled.flags.c_contiguous:
        raise ShapeError('expected a result that lies channels-last, got one that does not')
    return rolled
