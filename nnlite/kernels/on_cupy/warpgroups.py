"""Convolution as an implicit matrix product on tensor cores, by four warps together (wgmma): GPUs of capability 9.0.

As tensor_cores.py, for images with enough planes; where a pass has too few it goes the way of tensor_cores.
"""

import numpy as np

from nnlite.kernels.on_cupy import tensor_cores
from nnlite.kernels.on_cupy.finish import Finish
from nnlite.kernels.on_cupy.launching import Source, blocks
from nnlite.kernels.on_cupy.tensor_cores import LINE, add_slices, divisors_of, exchanged, packed, slices_of
from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.tensor.devices import gpu

GROUP = 1024  # bytes, at a multiple of which operands begin in shared memory

# Rows and columns that a block makes, and stages; by the columns that there are.
TILES = {64: (128, 64, 4), 128: (256, 128, 4)}
# Groups of 64 rows, columns, and stages.
GRADIENT_TILES = {64: (3, 64, 3), 128: (3, 128, 3)}


def _gemm(tile, back):
    return f'conv_warpgroups<{{T}}, {", ".join(map(str, tile))}, {str(back).lower()}>'


def _gradient(tile):
    return f'weight_gradient_warpgroups<{{T}}, {", ".join(map(str, tile))}>'


_sources = {
    name: Source('warpgroups.cu', name, architecture='sm_90a')
    for name in [
        *(_gemm(tile, back) for tile in TILES.values() for back in (False, True)),
        *map(_gradient, GRADIENT_TILES.values()),
    ]
}
_turn = Source('warpgroups.cu', 'turn<{T}>', architecture='sm_90a')


def takes(dtype, geometry):
    """Return whether this way is for such numbers and sizes."""
    line = LINE // np.dtype(dtype).itemsize
    enough = min(geometry.planes, geometry.outputs) >= 64 and geometry.planes % line == 0 == geometry.outputs % line
    return enough and tensor_cores.takes(dtype, geometry) and is_there()


def is_there():
    """Return whether the GPU has such products."""
    return gpu().cuda.Device().compute_capability == '90'


def forward(input, output, weight, finish, geometry):
    """Output (N, *out, outputs) = input (N, *space, planes) convolved with weight (outputs, planes, *kernel), finished.

    Return the moments, or None.
    """
    return _launch_gemm(input, output, packed(weight, geometry, back=False), finish, geometry, back=False)


def back(gradOutput, gradInput, weight, added, geometry):
    """GradInput (N, *space, planes) = what gradOutput (N, *out, outputs) hands back to the windows [+ added]."""
    _launch_gemm(gradOutput, gradInput, packed(weight, geometry, back=True), Finish(None, added), geometry, back=True)


def _launch_gemm(read, written, weight, finish, geometry, back):
    sizes, classes, rows = exchanged(geometry, back)
    columns = int(sizes['O'])
    tile = TILES[_width(columns)]
    name, shared = _gemm(tile, back), tile[2] * (tile[0] + tile[1]) * LINE + GROUP
    grid = blocks(rows, tile[0]), blocks(columns, tile[1]), classes
    moments = finish.moments(grid[0], columns)
    record = finish.record(moments)
    _sources[name].launch(name, read.dtype, grid, 2 * tile[0], read, weight, written, sizes, record, shared=shared)
    return moments


def weight_gradient(input, gradOutput, gradWeight, scale, geometry):
    """GradWeight (outputs, planes, *kernel) += scale * gradOutput^T @ the windows of the input."""
    step = LINE // input.itemsize
    length = blocks(geometry.pixels, step) * step
    turned = scratch('turned', (geometry.outputs, length), input.dtype)
    _turn.launch(
        'turn<{T}>', input.dtype, (length // 32, blocks(geometry.outputs, 32)), (32, 8), gradOutput, turned,
        geometry.pixels, geometry.outputs, length,
    )  # fmt: skip
    tile = GRADIENT_TILES[_width(geometry.outputs)]
    groups, width, stages = tile
    rows, columns = blocks(geometry.column, groups * 64), blocks(geometry.outputs, width)
    slices, each = slices_of(geometry.pixels, rows * columns, step)
    part = scratch('slices', (slices, geometry.column, geometry.outputs), np.float32)
    shared = stages * (width * LINE + step * (groups * 64 + 8) * input.itemsize) + GROUP
    name, sizes = _gradient(tile), exchanged(geometry, False)[0]
    _sources[name].launch(
        name, input.dtype, (rows, columns, slices), groups * 128, input, turned, part, sizes, *divisors_of(geometry),
        length, each, shared=shared,
    )  # fmt: skip
    add_slices(part, gradWeight, geometry, scale, turned=True)


def _width(columns):
    return min((width for width in TILES if width >= columns), default=max(TILES))
