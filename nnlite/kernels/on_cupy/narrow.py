"""Convolution on tensor cores where there are few planes: blocks of 8 x 8 pixels, all they need copied at once.

For kernels of 3 x 3 with stride 1 and 16 or 32 planes, which are most of a ResNet for CIFAR-10; GPUs from 8.0 on.
"""

import numpy as np

from nnlite.kernels.on_cupy import tensor_cores
from nnlite.kernels.on_cupy.finish import Finish
from nnlite.kernels.on_cupy.launching import Source, blocks, most_shared
from nnlite.kernels.on_cupy.tensor_cores import add_slices, blocks_of, exchanged, multiprocessors, packed
from nnlite.kernels.on_numpy.scratch import scratch

SIDE, KERNEL = 8, 3  # pixels of a block, and taps, of a side
HALO = (SIDE + KERNEL - 1) ** 2  # pixels
PLANES = 16, 32
GROUPS = 4  # blocks of pixels at a time
GRADIENT_GROUPS = 4, 2, 1  # of which the first is taken that fits the shared memory

_PAIRS = [(planes, outputs) for planes in PLANES for outputs in PLANES]


def _gemm(planes, outputs):
    return f'conv_narrow<{planes}, {outputs}, {GROUPS}, {KERNEL}, {KERNEL}>'


def _gradient(planes, outputs, groups):
    return f'weight_gradient_narrow<{planes}, {outputs}, {groups}, {KERNEL}, {KERNEL}>'


_sources = {pair: Source('narrow.cu', _gemm(*pair)) for pair in _PAIRS}
_gradients = {
    (*pair, groups): Source('narrow.cu', _gradient(*pair, groups)) for pair in _PAIRS for groups in GRADIENT_GROUPS
}


def takes(dtype, geometry):
    """Return whether this way is for such numbers and sizes."""
    return (
        dtype == np.float32
        and geometry.kernel[1:] == (KERNEL, KERNEL)
        and set(geometry.stride) == set(geometry.dilation) == {1}
        and max(geometry.padding) < KERNEL
        and (geometry.planes, geometry.outputs) in _sources
        and tensor_cores.takes(dtype, geometry)
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
    pair = int(sizes['C']), int(sizes['O'])
    each, divisors = blocks_of(int(sizes['OH']), int(sizes['OW']), SIDE)
    grid = blocks(int(sizes['N']) * each, GROUPS)
    shared = (KERNEL * KERNEL * pair[1] + GROUPS * HALO) * (pair[0] + 4) * read.itemsize
    moments = finish.moments(grid, pair[1])
    _sources[pair].launch(
        _gemm(*pair), read.dtype, grid, GROUPS * 32, read, weight, written, sizes, finish.record(moments), divisors,
        shared=shared,
    )  # fmt: skip
    return moments


def weight_gradient(input, gradOutput, gradWeight, scale, geometry):
    """GradWeight (outputs, planes, *kernel) += scale * gradOutput^T @ the windows of the input."""
    pair = geometry.planes, geometry.outputs
    groups, shared = next(
        (groups, shared)
        for groups in GRADIENT_GROUPS
        if (shared := _shared_for_gradient(*pair, groups)) <= most_shared()
    )
    sizes, *_ = exchanged(geometry, False)
    per_image, divisors = blocks_of(*geometry.out[1:], SIDE)
    rounds = blocks(geometry.images * per_image, groups)
    each = blocks(rounds, multiprocessors())
    part = scratch('slices', (blocks(rounds, each), geometry.outputs, geometry.column), np.float32)
    _gradients[*pair, groups].launch(
        _gradient(*pair, groups), input.dtype, len(part), groups * KERNEL * 32, input, gradOutput, part, sizes,
        divisors, each, shared=shared,
    )  # fmt: skip
    add_slices(part, gradWeight, geometry, scale)


def _shared_for_gradient(planes, outputs, groups):
    """Return how many bytes of shared memory so many groups of warps take: for two stages, and for sums at the end."""
    stage = groups * (HALO * (planes + 8) + SIDE * SIDE * (outputs + 8))
    return 4 * max(2 * stage, groups * outputs * planes * KERNEL * KERNEL)


def turned_sizes(geometry):
    """Return the sizes of the convolution that makes gradInput of gradOutput, where the stride is 1."""
    sizes = exchanged(geometry, True)[0].copy()
    sizes['padH'], sizes['padW'] = (KERNEL - 1 - pad for pad in geometry.padding[1:])
    return sizes
