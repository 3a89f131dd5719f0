"""Copies and fillings on a GPU, of maps and of some of their planes: CuPy's own are slow where memory has gaps."""

import numpy as np

from nnlite.kernels import on_numpy
from nnlite.kernels.on_cupy.launching import THREADS, TYPES, Source, blocks
from nnlite.kernels.on_cupy.memory import inwards
from nnlite.kernels.on_cupy.transfer import BLOCKS

PACK = 16  # bytes that are moved at once
SOURCE = Source(
    'copies.cu', *[f'{name}<{{T}}, {wide}>' for name in ('copy_rows', 'fill_rows') for wide in ('false', 'true')]
)


def Copy_updateOutput(input, output):
    """Output = input, of arrays of one shape, each of which may be a part of a larger one."""
    rows = rows_of(output, input) if input.dtype == output.dtype and output.dtype in TYPES else None
    if rows is None:
        on_numpy.Copy_updateOutput(input, output)
    else:
        count, run, (to, from_) = rows
        _launch('copy_rows', (input, output), count, run, from_, to)


def Fill_updateOutput(output, value):
    """Output = a number everywhere, of an array that may be a part of a larger one."""
    rows = rows_of(output) if output.dtype in TYPES else None
    if rows is None:
        on_numpy.Fill_updateOutput(output, value)
    else:
        count, run, (apart,) = rows
        _launch('fill_rows', (output,), count, run, apart, float(value))


def rows_of(*arrays):
    """Return arrays of one shape as rows of numbers side by side: (how many, of how many, how far apart in each).

    None if they do not lie so, or without gaps: CuPy does well then.

    >>> rows_of(np.zeros((2, 5, 8))[:, :, :3], np.zeros((2, 5, 3)))
    (10, 3, [8, 3])
    """
    order = [axis for axis in inwards(arrays[0]) if arrays[0].shape[axis] > 1]
    sides = [(arrays[0].shape[axis], [array.strides[axis] // array.itemsize for array in arrays]) for axis in order]
    run, ones = 1, [1] * len(arrays)
    while sides and sides[-1][1] == [run * one for one in ones]:
        run *= sides.pop()[0]
    if not sides or run == 1 or run >= 2**31:
        return None
    rows, apart = sides.pop()
    for size, steps in reversed(sides):
        if steps != [rows * step for step in apart]:
            return None
        rows *= size
    return rows, run, apart


def _launch(name, arrays, rows, run, *options):
    itemsize = arrays[0].itemsize
    places = [*(array.data.ptr for array in arrays), run * itemsize]
    places += [option * itemsize for option in options if isinstance(option, int)]
    wide = all(place % PACK == 0 for place in places)
    packs = rows * run * itemsize // PACK if wide else rows * run
    distances = [np.int64(option) if isinstance(option, int) else option for option in options]
    name = f'{name}<{{T}}, {"true" if wide else "false"}>'
    grid = min(blocks(packs), BLOCKS)
    SOURCE.launch(name, arrays[0].dtype, grid, THREADS, *arrays, np.int64(rows), run, *distances)
