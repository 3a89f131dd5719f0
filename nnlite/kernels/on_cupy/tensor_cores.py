"""Convolution as an implicit matrix product on tensor cores, by every warp for itself (mma.sync): GPUs from 8.0 on.

The products of float32 are of TF32, 10 bits of mantissa, added up in float32; those of float16 are exact. Each kernel
has a few tiles, pieces of the product that a block makes; which one is taken depends on the numbers of planes.
"""

import dataclasses
import functools

import numpy as np

from nnlite.kernels.on_cupy.finish import Finish
from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks, most_shared
from nnlite.kernels.on_numpy.scratch import contiguous, scratch
from nnlite.tensor.devices import gpu

MAX_TAPS = 32  # of a kernel, as in implicit.h
LINE = 128  # bytes of planes that are multiplied at a time
TOGETHER = 16  # threads that share the slices of a number, where there are enough of them

_SIDES = ('R', 'S', 'strideH', 'strideW', 'padH', 'padW', 'gapH', 'gapW')
SIZES = np.dtype([(name, np.int32) for name in ('N', 'H', 'W', 'C', 'OH', 'OW', 'O', *_SIDES)])
DIVISOR = np.dtype([(name, np.uint32) for name in ('number', 'factor', 'shift')])
BLOCKS = np.dtype([(name, DIVISOR) for name in ('image', 'row')])

# Rows and columns that a block makes, and a warp; stages. By the columns that there are.
TILES = {16: (128, 16, 32, 16, 4), 32: (128, 32, 32, 32, 3), 64: (128, 64, 32, 32, 3), 128: (128, 128, 64, 64, 2)}
SMALL = {64: (64, 64, 32, 32, 3)}  # where there are few rows
GRADIENT_TILES = {
    (16, 144): (16, 144, 16, 16, 3),
    (32, 96): (32, 96, 32, 32, 3),
    (64, 64): (64, 64, 32, 32, 3),
    (64, 192): (64, 192, 32, 64, 3),
    (128, 128): (128, 128, 64, 64, 3),
}
FEWER = 2  # stages, where those do not fit the shared memory
ROW_BY_ROW = (64, 32, 16, 32, 3)  # where the planes do not make whole pieces of 16 bytes

_pieces, _words = '16 / sizeof({T})', '4 / sizeof({T})'  # numbers copied at a time


def _names():
    """Yield the names of all kernels, each a Source of its own: few are needed for one network."""
    for tile in (*TILES.values(), *SMALL.values()):
        for step, vector, whole in (
            (LINE, _pieces, True),
            (LINE // 2, _pieces, True),
            (LINE, _pieces, False),
            (LINE, _words, False),
        ):
            if whole or tile[0] * tile[1] < 128 * 128:
                for back in (False, True):
                    yield _gemm(tile, step, vector, whole, back)
    for *tile, stages in GRADIENT_TILES.values():
        for count in (stages, FEWER):
            yield _gradient((*tile, count), _pieces, _pieces)
    for vx, vy in ((_words, _pieces), (_pieces, _words), (_words, _words)):
        yield _gradient(ROW_BY_ROW, vx, vy)


def _gemm(tile, step, vector, whole, back):
    rows, columns, *warp, stages = tile
    sizes = rows, columns, f'{step} / sizeof({{T}})', *warp, stages, vector, str(whole).lower(), str(back).lower()
    return f'conv_gemm<{{T}}, {", ".join(map(str, sizes))}>'


def _gradient(tile, vx, vy):
    rows, columns, *warp, stages = tile
    sizes = rows, columns, f'{LINE} / sizeof({{T}})', *warp, stages, vx, vy
    return f'conv_weight_gradient<{{T}}, {", ".join(map(str, sizes))}>'


_sources = {name: Source('tensor_cores.cu', name) for name in _names()}
_PACKS = {name: f'pack_weight<{{T}}, {name}>' for name in ('false, false', 'true, false', 'true, true')}
_others = Source('tensor_cores.cu', *_PACKS.values(), 'add_slices<{T}>', 'add_turned_slices<{T}>', 'pad_planes<{T}>')


def takes(dtype, geometry):
    """Return whether this way is for such numbers and sizes: images, or frames, whose places fit 32 bits."""
    planes = [geometry.planes, geometry.outputs]
    most = geometry.images * max(np.prod(geometry.space) * planes[0], np.prod(geometry.out) * planes[1])
    return (
        geometry.space[0] == geometry.out[0] == geometry.kernel[0] == 1
        and geometry.taps <= MAX_TAPS
        and most < 2**31
        and (dtype == np.float32 or (dtype == np.float16 and all(count % 8 == 0 for count in planes)))
        and int(gpu().cuda.Device().compute_capability) >= 80
    )


def forward(input, output, weight, finish, geometry):
    """Output (N, *out, outputs) = input (N, *space, planes) convolved with weight (outputs, planes, *kernel), finished.

    Return the moments, or None.
    """
    weight, piece = packed(weight, geometry, back=False), 16 // input.itemsize
    if geometry.planes < piece:  # the images: they would be copied number by number
        input, weight = _padded(input, 'padded', piece), _padded(weight.reshape(-1, geometry.planes), 'weights', piece)
        geometry = _with_planes(geometry, piece)
    return launch_gemm(input, output, weight, finish, geometry, back=False)


def back(gradOutput, gradInput, weight, added, geometry):
    """GradInput (N, *space, planes) = what gradOutput (N, *out, outputs) hands back to the windows [+ added]."""
    launch_gemm(gradOutput, gradInput, packed(weight, geometry, back=True), Finish(None, added), geometry, back=True)


def _padded(maps, purpose, planes):
    """Return maps (..., few planes), C order, with so many planes, the others zero; scratch."""
    result = scratch(purpose, (*maps.shape[:-1], planes), maps.dtype)
    rows = maps.size // maps.shape[-1]
    _others.launch('pad_planes<{T}>', maps.dtype, blocks(rows), THREADS, maps, result, np.int64(rows), maps.shape[-1])
    return result


@functools.lru_cache(64)
def _with_planes(geometry, planes):
    return dataclasses.replace(geometry, planes=planes)


def launch_gemm(read, written, weight, finish, geometry, back):
    """Launch the product of a map's windows with packed weights; return the moments, or None."""
    sizes, classes, rows = exchanged(geometry, back)
    read_planes, columns = int(sizes['C']), int(sizes['O'])
    per_piece = 16 // read.itemsize
    step = LINE if read_planes % (LINE // read.itemsize) == 0 else LINE // 2
    whole = read_planes % (step // read.itemsize) == 0
    if not whole:
        step = LINE
    vector = _pieces if read_planes % per_piece == 0 else _words
    tile = _tile(columns, rows, whole)
    stride = step + 16
    shared = tile[4] * (tile[0] + tile[1]) * stride
    name = _gemm(tile, step, vector, whole, back)
    grid = blocks(rows, tile[0]), blocks(columns, tile[1]), classes
    threads = tile[0] // tile[2] * (tile[1] // tile[3]) * 32
    moments = finish.moments(grid[0], columns)
    record = finish.record(moments)
    _sources[name].launch(name, read.dtype, grid, threads, read, weight, written, sizes, record, shared=shared)
    return moments


def _tile(columns, rows, whole):
    """Return the tile for so many rows and columns."""
    width = min((width for width in TILES if width >= columns), default=128)
    if width == 128 and not whole:
        width = 64
    return SMALL[width] if width in SMALL and rows < 128 * 264 else TILES[width]


def weight_gradient(input, gradOutput, gradWeight, scale, geometry):
    """GradWeight (outputs, planes, *kernel) += scale * gradOutput^T @ the windows of the input."""
    vx, vy = (
        _pieces if planes % (16 // input.itemsize) == 0 else _words for planes in (geometry.planes, geometry.outputs)
    )
    tile = _gradient_tile(geometry) if vx == vy == _pieces else ROW_BY_ROW
    step = LINE // input.itemsize
    stage = step * (tile[0] + 8 + tile[1] + 8) * input.itemsize
    if tile[4] * stage > most_shared():
        tile = *tile[:4], FEWER
    name, shared = _gradient(tile, vx, vy), tile[4] * stage
    rows, columns = blocks(geometry.outputs, tile[0]), blocks(geometry.column, tile[1])
    slices, each = slices_of(geometry.pixels, rows * columns, step)
    part = scratch('slices', (slices, geometry.outputs, geometry.column), np.float32)
    threads = tile[0] // tile[2] * (tile[1] // tile[3]) * 32
    sizes, divisors = exchanged(geometry, False)[0], divisors_of(geometry)
    _sources[name].launch(
        name, input.dtype, (rows, columns, slices), threads, input, gradOutput, part, sizes, *divisors, each,
        shared=shared,
    )  # fmt: skip
    add_slices(part, gradWeight, geometry, scale)


def _gradient_tile(geometry):
    """Return the tile whose columns and rows have the least waste, of those with enough rows."""
    height = min((rows for rows, _ in GRADIENT_TILES if rows >= geometry.outputs), default=128)
    widths = [tile for tile in GRADIENT_TILES if tile[0] == height]
    return GRADIENT_TILES[min(widths, key=lambda tile: (blocks(geometry.column, tile[1]) * tile[1], -tile[1]))]


# What both ways on tensor cores share


def packed(weight, geometry, back, turned=False):
    """Return the weights as (outputs, taps, planes), or on the way back (planes, taps, outputs), rounded; scratch.

    Args:
        weight, geometry: of the convolution.
        back: whether it is for the way back.
        turned: whether the taps are in reverse order, with which gradInput with stride 1 is a convolution.
    """
    weight = contiguous(weight, 'weight')
    result = scratch('packed weight', (weight.size,), weight.dtype)
    outer, inner = (geometry.planes, geometry.outputs) if back else (geometry.outputs, geometry.planes)
    _others.launch(
        _PACKS[f'{back}, {turned}'.lower()], weight.dtype, (outer, blocks(inner, 32)), (32, geometry.taps), weight,
        result, geometry.outputs, geometry.planes, geometry.taps,
    )  # fmt: skip
    return result


@functools.lru_cache(1024)
def exchanged(geometry, back):
    """Return (the sizes as the kernels take them, how many classes of pixels are written, how many pixels in the most).

    On the way back what is read and what is written are exchanged.
    """
    (_, *read), (_, *written) = (geometry.out, geometry.space) if back else (geometry.space, geometry.out)
    planes = (geometry.outputs, geometry.planes) if back else (geometry.planes, geometry.outputs)
    sides = [size for name in ('kernel', 'stride', 'padding', 'dilation') for size in getattr(geometry, name)[1:]]
    sizes = np.array((geometry.images, *read, planes[0], *written, planes[1], *sides), SIZES)[()]
    down, across = geometry.stride[1:] if back else (1, 1)
    return sizes, down * across, geometry.images * blocks(written[0], down) * blocks(written[1], across)


@functools.lru_cache(1024)
def divisors_of(geometry):
    """Return the divisors for the columns, and for all pixels, of an image that is written."""
    return tuple(_divisor(number) for number in (geometry.out[2], geometry.out[1] * geometry.out[2]))


@functools.lru_cache(1024)
def blocks_of(height, width, side):
    """Return how many square blocks, of so many pixels a side, cover a map of such sizes, and their divisors."""
    down, across = blocks(height, side), blocks(width, side)
    return down * across, np.array((_divisor(down * across), _divisor(across)), BLOCKS)[()]


def _divisor(number):
    shift = (number - 1).bit_length()
    return np.array((number, 2**32 * (2**shift - number) // number + 1, shift), DIVISOR)[()]


def slices_of(pixels, others, step, waves=4):
    """Return into how many slices so many pixels are cut, and how many are in each, a multiple of `step`.

    There are to be `waves` blocks for each multiprocessor, `others` of them for each slice, but four steps in a slice.
    """
    wanted = max(1, min(waves * multiprocessors() // others, pixels // (4 * step)))
    each = blocks(blocks(pixels, wanted), step) * step
    return blocks(pixels, each), each


@functools.cache
def multiprocessors():
    """Return how many multiprocessors the GPU has."""
    cuda = gpu().cuda
    return cuda.runtime.getDeviceProperties(cuda.Device().id)['multiProcessorCount']


def add_slices(part, gradWeight, geometry, scale, turned=False):
    """GradWeight += scale * the sum of the slices, always in the same order.

    Args:
        part: (slices, outputs, taps, planes), or `turned` (slices, taps, planes, outputs).
        gradWeight, geometry, scale: as for weight_gradient.
        turned: how the part lies.
    """
    target = gradWeight if gradWeight.flags.c_contiguous else contiguous(gradWeight, 'gradWeight')
    if turned:
        name, block = 'add_turned_slices<{T}>', (32, geometry.taps)
        grid = geometry.planes, blocks(geometry.outputs, 32)
    else:
        name, block = 'add_slices<{T}>', (32, TOGETHER) if len(part) >= 2 * TOGETHER else (THREADS, 1)
        grid = blocks(target.size, block[0])
    sizes = geometry.outputs, geometry.planes, geometry.taps, len(part)
    _others.launch(name, target.dtype, grid, block, part, target, *sizes, float(scale))
    if target is not gradWeight:
        np.copyto(gradWeight, target)
