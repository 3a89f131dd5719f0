"""Convolution on tensor cores in blocks of 8 x 8 pixels, copied once with the halo around them: GPUs of capability 9.0.

For kernels of 3 x 3 with stride 1, which is most of a ResNet. As warpgroups.py otherwise.
"""

import numpy as np

from nnlite.kernels.on_cupy import warpgroups
from nnlite.kernels.on_cupy.finish import Finish
from nnlite.kernels.on_cupy.launching import Source, blocks
from nnlite.kernels.on_cupy.narrow import HALO, KERNEL, SIDE, turned_sizes
from nnlite.kernels.on_cupy.tensor_cores import (
    LINE,
    add_slices,
    blocks_of,
    exchanged,
    multiprocessors,
    packed,
    slices_of,
)
from nnlite.kernels.on_cupy.warpgroups import GROUP
from nnlite.kernels.on_numpy.scratch import scratch

# Blocks of pixels, columns, stages, and taps of a stage; by the columns that there are.
TILES = {64: (4, 64, 4, 3), 128: (4, 128, 4, 1)}
SMALL = (2, 64, 4, 3)  # where there are few blocks, and few columns
FEW = 512
RESIDENT = 64  # planes that are read, and written at most, of which all weights fit the shared memory
RESIDENT_GROUPS, RESIDENT_BUFFERS = 2, 3
GRADIENT_STAGES, GRADIENT_PLANES, GRADIENT_PITCH = 4, 64, 72  # the last: from pixel to pixel in shared memory


def _gemm(tile):
    return f'conv_halo<{{T}}, {", ".join(map(str, tile))}, {KERNEL}, {KERNEL}>'


_RESIDENT = f'conv_resident<{KERNEL}, {KERNEL}>'
_GRADIENT = f'weight_gradient_halo<{GRADIENT_STAGES}, {KERNEL}, {KERNEL}>'
_sources = {tile: Source('halo.cu', _gemm(tile), architecture='sm_90a') for tile in (*TILES.values(), SMALL)}
_resident = Source('halo.cu', _RESIDENT, architecture='sm_90a')
_gradient = Source('halo.cu', _GRADIENT, architecture='sm_90a')


def takes(dtype, geometry):
    """Return whether this way is for such numbers and sizes."""
    return (
        geometry.kernel[1:] == (KERNEL, KERNEL)
        and set(geometry.stride) == set(geometry.dilation) == {1}
        and max(geometry.padding) < KERNEL
        and warpgroups.takes(dtype, geometry)
    )


def forward(input, output, weight, finish, geometry):
    """Output (N, *out, outputs) = input (N, *space, planes) convolved with weight (outputs, planes, *kernel), finished.

    Return the moments, or None.
    """
    sizes, *_ = exchanged(geometry, False)
    return _launch_gemm(input, output, packed(weight, geometry, back=False), finish, sizes)


def back(gradOutput, gradInput, weight, added, geometry):
    """GradInput (N, *space, planes) = what gradOutput (N, *out, outputs) hands back: its convolution, too [+ added]."""
    kernels, sizes = packed(weight, geometry, back=True, turned=True), turned_sizes(geometry)
    _launch_gemm(gradOutput, gradInput, kernels, Finish(None, added), sizes)


def _launch_gemm(read, written, weight, finish, sizes):
    planes, columns = int(sizes['C']), int(sizes['O'])
    each, divisors = blocks_of(int(sizes['OH']), int(sizes['OW']), SIDE)
    count = int(sizes['N']) * each
    if read.dtype == np.float32 and planes == RESIDENT and columns <= RESIDENT and count >= FEW:
        name, source, threads = _RESIDENT, _resident, RESIDENT_GROUPS * 128
        grid = min(multiprocessors(), blocks(count, RESIDENT_GROUPS)), 1
        halos = RESIDENT_BUFFERS * RESIDENT_GROUPS * blocks(HALO * LINE, GROUP) * GROUP
        shared = KERNEL**2 * planes * RESIDENT * 4 + halos + GROUP
        moments = finish.moments(grid[0], columns)
    else:
        tile = TILES[128] if columns > 64 else SMALL if count < FEW else TILES[64]
        groups, width, stages, taps = tile
        name, source, threads = _gemm(tile), _sources[tile], groups * 128
        tiles, across = blocks(count, groups), blocks(columns, width)
        grid = min(tiles, max(1, multiprocessors() // across)), across
        halos = blocks(groups * HALO * LINE, GROUP) * GROUP
        shared = 2 * halos + taps * stages * width * LINE + groups * 4 * 2 * width * 4 + GROUP
        moments = finish.moments(tiles, columns)
    source.launch(
        name, read.dtype, grid, threads, read, weight, written, sizes, finish.record(moments), divisors, shared=shared
    )
    return moments


def weight_gradient(input, gradOutput, gradWeight, scale, geometry):
    """GradWeight (outputs, planes, *kernel) += scale * gradOutput^T @ the windows of the input."""
    if input.dtype != np.float32:
        warpgroups.weight_gradient(input, gradOutput, gradWeight, scale, geometry)
        return
    sizes, *_ = exchanged(geometry, False)
    per_image, divisors = blocks_of(*geometry.out[1:], SIDE)
    count = geometry.images * per_image
    rows, columns = blocks(geometry.planes, GRADIENT_PLANES), blocks(geometry.outputs, GRADIENT_PLANES)
    slices, each = slices_of(count, rows * columns, 1, waves=1)
    part = scratch('slices', (slices, geometry.column, geometry.outputs), np.float32)
    grads = 2 * GRADIENT_PLANES * LINE
    shared = 2 * grads + GRADIENT_STAGES * (grads + HALO * 4 * GRADIENT_PITCH) + GROUP
    _gradient.launch(
        _GRADIENT, input.dtype, (rows, columns, slices), KERNEL * 128, input, gradOutput, part, sizes, divisors, each,
        shared=shared,
    )  # fmt: skip
    add_slices(part, gradWeight, geometry, scale, turned=True)
