"""Convolution and products of matrices, as an implicit product by plain multiply-adds: for all numbers and sizes.

Half precision is added up in single. Where a result is too small to keep a GPU busy, the terms of its sums are shared
out to several blocks, whose parts are then added up in their order.
"""

import functools
import itertools
import math

import numpy as np

from nnlite.kernels.on_cupy.finish import Finish
from nnlite.kernels.on_cupy.geometry import vector
from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks
from nnlite.kernels.on_numpy.scratch import channels_last, scratch

# What a block makes, rows x columns, and a thread of it.
WIDE, MIDDLE, SLIM = (128, 128, 8, 8), (128, 32, 8, 4), (64, 16, 4, 4)
SQUARE, LOW = (64, 64, 8, 4), (16, 64, 4, 4)
TERMS = 16  # that a block adds up at a time
BUSY = 264  # blocks that keep a GPU busy: two for each multiprocessor of a large one
PARTS = 16 << 20  # numbers that are parts of sums, at most

_slices = Source('slices.cu', 'sum_slices<{T}>', 'add_slices<{T}>')


def takes(dtype, geometry):
    """Return whether this way is for such numbers and sizes."""
    return True


def forward(input, output, weight, finish, geometry):
    """Output (N, *out, outputs) = input (N, *space, planes) * weight (outputs, planes, *kernel), finished."""
    _convolve(input, output, weight, finish, geometry, back=False)


def back(gradOutput, gradInput, weight, added, geometry):
    """GradInput (N, *space, planes) = what gradOutput (N, *out, outputs) hands back to the windows [+ added].

    Pixels of the input that differ by the stride have been seen by the same taps; to each such phase these alone count.
    """
    _convolve(gradOutput, gradInput, weight, Finish(None, added), geometry, back=True)


def weight_gradient(input, gradOutput, gradWeight, scale, geometry):
    """GradWeight (outputs, planes, *kernel) += scale * the sum over pixels of gradOutput times the input's windows."""
    planes = vector([geometry.planes, geometry.outputs], input, gradOutput)
    rows, columns = geometry.outputs, geometry.column
    tile = WIDE if planes == 4 and rows > 64 and input.dtype != np.float64 else SQUARE if rows > 32 else LOW
    grid = blocks(columns, tile[1]), blocks(rows, tile[0])
    slices = _shares(math.prod(grid), blocks(geometry.pixels, TERMS), rows * columns)
    parts = _parts(slices, rows * columns, input.dtype)
    source, name = _kernel('weight_gradient', *tile, planes)
    source.launch(name, input.dtype, (*grid, slices), _threads(tile), input, gradOutput, parts, geometry.record)
    add_slices(parts, gradWeight, scale, geometry, slices)


def add_slices(parts, gradWeight, scale, geometry, slices):
    """GradWeight (outputs, planes, *kernel) += scale * the sum of parts (slices, outputs, taps, planes), in order."""
    along = _steps(gradWeight)
    if along is None:
        kernels = scratch('gradWeight', gradWeight.shape, gradWeight.dtype)
        kernels.fill(0)
        add_slices(parts, kernels, scale, geometry, slices)
        np.add(gradWeight, kernels, out=gradWeight)
        return
    _slices.launch(
        'add_slices<{T}>', gradWeight.dtype, blocks(gradWeight.size), THREADS, parts, gradWeight, geometry.outputs,
        geometry.planes, geometry.taps, slices, *map(np.int64, along), float(scale),
    )  # fmt: skip


def _convolve(read, written, weight, finish, geometry, back):
    kernels = channels_last(weight, 'weight')
    planes = vector([geometry.planes, geometry.outputs], read, written, kernels)
    space, stride = (geometry.space, geometry.stride) if back else (geometry.out, (1, 1, 1))
    rows = geometry.images * math.prod(map(blocks, space, stride))  # of the largest phase
    columns, depth = (geometry.planes, geometry.outputs) if back else (geometry.outputs, geometry.planes)
    phases = math.prod(stride)
    tile = SLIM if columns <= 16 else MIDDLE
    if planes == 4 and columns > 64 and read.dtype != np.float64:
        large = blocks(rows, WIDE[0]) * blocks(columns, WIDE[1]) * phases >= BUSY // 2
        tile = WIDE if large else MIDDLE
    grid = blocks(rows, tile[0]), blocks(columns, tile[1])
    slices = _shares(math.prod(grid) * phases, blocks(depth * geometry.taps // phases, TERMS), written.size)
    parts = _parts(slices, written.size, read.dtype) if slices > 1 else None
    source, name = _kernel('convolve', *tile, planes, 'true' if back else 'false')
    source.launch(
        name, read.dtype, (*grid, phases * slices), _threads(tile),
        read, kernels, written, parts, geometry.record, finish.record(), slices,
    )  # fmt: skip
    if slices > 1:
        _slices.launch(
            'sum_slices<{T}>', read.dtype, blocks(written.size), THREADS,
            parts, written, finish.record(), np.int64(written.size), columns, slices,
        )  # fmt: skip


def _shares(grid, pieces, size):
    """Return to how many blocks to share out the terms of sums; a result of that size takes `grid` blocks."""
    return max(1, min(BUSY // max(1, grid), pieces // 4, PARTS // max(1, size)))


def _parts(slices, size, dtype):
    return scratch('parts', (slices, size), np.promote_types(dtype, np.float32))


@functools.cache
def _kernel(name, *options):
    """Return (source, name) of a kernel: each is compiled by itself, since there are many and few are used."""
    name = f'{name}<{{T}}, {", ".join(map(str, options))}>'
    return Source('fma.cu', name), name


def _threads(tile):
    return tile[0] * tile[1] // (tile[2] * tile[3])


def _steps(weight):
    """Return how many numbers apart the outputs, planes and taps of a weight lie; None if the taps do so unevenly."""
    outputs, planes, *sides = (along // weight.itemsize for along in weight.strides)
    sides = [(size, along) for size, along in zip(weight.shape[2:], sides, strict=True) if size > 1]
    if any(outer != size * inner for (_, outer), (size, inner) in itertools.pairwise(sides)):
        return None
    return outputs, planes, sides[-1][1] if sides else 0
