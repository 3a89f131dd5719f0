"""Convolution of 3x3, stride 1, by Winograd's F(4x4, 3x3): a quarter of the multiplications.

Polynomials are multiplied point by point: the values of two at a point, multiplied, are their product's, and six values
make a polynomial of degree 5. Four outputs in a row and a kernel of three are the coefficients of such factors, six
points their product. Convolution is the transpose of that product: six pixels and three weights, at six points each,
give four outputs. Over both sides it is 36 multiplications for 16 outputs, which take 144 directly. At each point the
values of all tiles and planes are matrices, multiplied as such:

    M[point] (tiles, outputs) = V[point] (tiles, planes) @ U[point] (planes, outputs)

V being the input's tiles of 6x6, U the weights and M the output's tiles of 4x4. The gradient of the weights is a
product of the same kind: U[point] = V[point]^T @ M[point]. (Lavin and Gray, "Fast Algorithms for Convolutional Neural
Networks", 2015.)

The points are 0, +-5/8, +-3/2 and infinity: for those the transforms magnify rounding errors several times less than
for the usual 0, +-1, +-2 and infinity.
"""

import numba
import numpy as np

from nnlite.kernels.on_numba.compiling import compiled, threaded
from nnlite.kernels.on_numba.simd import LANES, SUMS, fma, load, loads, multiply, pointer, room, splat, store, stores
from nnlite.kernels.on_numba.windows import cut, paste, whole

POINTS = 36
A, B = 5 / 8, 3 / 2
AA, BB, AAA, BBB = A**2, B**2, A**3, B**3
AABB, SUM = AA * BB, AA + BB
# What makes the interpolation right, taken together with the weights.
AT_0, AT_A, AT_B = 1 / AABB, 1 / (2 * AA * (AA - BB)), 1 / (2 * BB * (BB - AA))
A_AT_A, AA_AT_A, B_AT_B, BB_AT_B = A * AT_A, AA * AT_A, B * AT_B, BB * AT_B

STEPS = 128  # of a matrix product, in partial sums of so many: long ones round more


@compiled
def _input_points(pixels):
    d0, d1, d2, d3, d4, d5 = pixels
    e, f = fma(-BB, d2, d4), fma(-BB, d1, d3)
    g, h = fma(-AA, d2, d4), fma(-AA, d1, d3)
    return (
        fma(AABB, d0, fma(-SUM, d2, d4)),
        fma(A, f, e),
        fma(-A, f, e),
        fma(B, h, g),
        fma(-B, h, g),
        fma(AABB, d1, fma(-SUM, d3, d5)),
    )


@compiled
def _outputs(values):
    m0, m1, m2, m3, m4, m5 = values
    e, f, g, h = m1 + m2, m3 + m4, m1 - m2, m3 - m4
    return m0 + e + f, fma(B, h, splat(A) * g), fma(BB, f, splat(AA) * e), fma(BBB, h, fma(AAA, g, m5))


@compiled
def _output_points(pixels):
    """The transpose of `_outputs`: what their gradients are at the points."""
    g0, g1, g2, g3 = pixels
    p, q = fma(AA, g2, g0), fma(AAA, g3, splat(A) * g1)
    e, f = fma(BB, g2, g0), fma(BBB, g3, splat(B) * g1)
    return g0, p + q, p - q, e + f, e - f, g3


@compiled
def _weight_points(taps):
    w0, w1, w2 = taps
    e, f = fma(AT_A, w0, splat(AA_AT_A) * w2), splat(A_AT_A) * w1
    p, q = fma(AT_B, w0, splat(BB_AT_B) * w2), splat(B_AT_B) * w1
    return splat(AT_0) * w0, e + f, e - f, p + q, p - q, w2


@compiled
def _weights(values):
    """The transpose of `_weight_points`: what the gradients at the points are for the weights."""
    m0, m1, m2, m3, m4, m5 = values
    e, f, p, q = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    return (
        fma(AT_0, m0, fma(AT_A, e, splat(AT_B) * p)),
        fma(A_AT_A, f, splat(B_AT_B) * q),
        fma(AA_AT_A, e, fma(BB_AT_B, p, m5)),
    )


@compiled
def _transform_input(tile, row, pixel, planes, values, step):
    """Write the values of 6x6 pixels at the points, `step` numbers apart."""
    between = room(POINTS)
    for plane in range(0, planes, LANES):
        for x in range(6):
            stores(between + x * LANES, 6 * LANES, _input_points(loads(6, tile + (x * pixel + plane), row)))
        for y in range(6):
            stores(values + (6 * y * step + plane), step, _input_points(loads(6, between + 6 * y * LANES, LANES)))


@compiled
def _transform_output(values, step, bias, planes, tile, row, pixel):
    """Write the 4x4 pixels that have these values at the points, bias added."""
    between = room(24)
    for plane in range(0, planes, LANES):
        for x in range(6):
            stores(between + x * LANES, 6 * LANES, _outputs(loads(6, values + (x * step + plane), 6 * step)))
        add = load(bias + plane)
        for y in range(4):
            o0, o1, o2, o3 = _outputs(loads(6, between + 6 * y * LANES, LANES))
            stores(tile + (y * row + plane), pixel, (o0 + add, o1 + add, o2 + add, o3 + add))


@compiled
def _transform_output_gradient(tile, row, pixel, planes, values, step):
    """Write the values of 4x4 pixels' gradients at the points."""
    between = room(24)
    for plane in range(0, planes, LANES):
        for x in range(4):
            stores(between + x * LANES, 4 * LANES, _output_points(loads(4, tile + (x * pixel + plane), row)))
        for y in range(6):
            stores(values + (6 * y * step + plane), step, _output_points(loads(4, between + 4 * y * LANES, LANES)))


@compiled
def _transform_weights(weight, strides, planes, outputs, first, last, values):
    """Write the values at the points of the weights of the output planes from `first` to `last`, whole vectors.

    Args:
        weight: the first one.
        strides: numbers from output to output, from plane to plane, and from tap to tap along both sides.
        planes, outputs: how many there are.
        values: of blocks of one or two vectors of outputs; the rows of a block, one a plane, lie side by side.
    """
    taps, between = room(9), room(18)
    by_output, by_plane, by_row, by_tap = strides
    wide = whole(outputs)
    for output in range(first, last, LANES):
        for tap in range(9):
            store(taps + tap * LANES, splat(0.0))
        block = output // (2 * LANES) * 2 * LANES
        breadth = min(2 * LANES, wide - block)
        for plane in range(planes):
            for lane in range(min(LANES, outputs - output)):
                source = weight + ((output + lane) * by_output + plane * by_plane)
                for y in range(3):
                    for x in range(3):
                        taps[(3 * y + x) * LANES + lane] = source[y * by_row + x * by_tap]
            for x in range(3):
                stores(between + x * LANES, 3 * LANES, _weight_points(loads(3, taps + x * LANES, 3 * LANES)))
            target = values + (block * planes + plane * breadth + output - block)
            step = planes * wide
            for y in range(6):
                stores(target + 6 * y * step, step, _weight_points(loads(3, between + 3 * y * LANES, LANES)))


@compiled
def _transform_weight_gradient(sums, count, planes, outputs, first, last, scale, gradWeight, strides):
    """Add scale times the gradients that have these sums at the points, for the planes from `first` to `last`.

    Args:
        sums: (count, POINTS, planes, whole outputs); what lies one behind the other is to be added up.
        gradWeight: the first one, the others by `strides` as in `_transform_weights`.
    """
    total, between, taps = room(POINTS), room(18), room(9)
    by_output, by_plane, by_row, by_tap = strides
    wide = whole(outputs)
    step = whole(planes) * wide
    for plane in range(first, last):
        for output in range(0, wide, LANES):
            for point in range(POINTS):
                source = sums + (point * step + plane * wide + output)
                value = load(source)
                for part in range(1, count):
                    value = value + load(source + part * POINTS * step)
                store(total + point * LANES, value)
            for x in range(6):
                stores(between + x * LANES, 6 * LANES, _weights(loads(6, total + x * LANES, 6 * LANES)))
            for y in range(3):
                stores(taps + 3 * y * LANES, LANES, _weights(loads(6, between + 6 * y * LANES, LANES)))
            for lane in range(min(LANES, outputs - output)):
                target = gradWeight + ((output + lane) * by_output + plane * by_plane)
                for y in range(3):
                    for x in range(3):
                        target[y * by_row + x * by_tap] += scale * taps[(3 * y + x) * LANES + lane]


@compiled
def count_tiles(shape):
    """Return how many tiles of 4x4 cover a batch (N, H, W, planes)."""
    return shape[0] * ((shape[1] + 3) // 4) * ((shape[2] + 3) // 4)


@compiled
def numbers(block, filled, wide):
    """Return how many numbers a thread keeps: the values of a block's tiles, inputs and outputs, and a window."""
    return POINTS * (block * (filled + wide) + 2 * LANES + max(filled, wide))


@compiled
def _place(tile, height, width):
    """Return (image, top, left): where in a batch of maps of height x width pixels a 4x4 tile lies."""
    along = (width + 3) // 4
    each = (height + 3) // 4 * along
    return tile // each, tile % each // along * 4, tile % along * 4


@compiled
def _values_of_input(input, shape, first_plane, last_plane, tile, out, padding, window, values, step):
    """Write the values at the points of the 6x6 pixels under an output tile, of some of the planes."""
    height, width, planes = shape
    image, top, left = _place(tile, *out)
    top, left = top - padding[0], left - padding[1]
    source = input + (image * height * width * planes + first_plane)
    filled = last_plane - first_plane
    if 0 <= top <= height - 6 and 0 <= left <= width - 6 and last_plane <= planes:
        _transform_input(source + (top * width + left) * planes, width * planes, planes, filled, values, step)
    else:
        cut(source, height, width, planes, planes - first_plane, top, left, 6, 6, window, filled)
        _transform_input(window, 6 * filled, filled, filled, values, step)


@compiled
def _values_of_gradient(gradOutput, shape, tile, window, values, step):
    """Write the values at the points of a tile of gradOutput."""
    height, width, planes = shape
    filled = whole(planes)
    image, top, left = _place(tile, height, width)
    source = gradOutput + image * height * width * planes
    if top <= height - 4 and left <= width - 4 and planes == filled:
        source = source + (top * width + left) * planes
        _transform_output_gradient(source, width * planes, planes, filled, values, step)
    else:
        cut(source, height, width, planes, planes, top, left, 4, 4, window, filled)
        _transform_output_gradient(window, 4 * filled, filled, filled, values, step)


@compiled
def _output_of_values(values, step, bias, output, shape, tile, window):
    """Write the output tile that has these values at the points."""
    height, width, planes = shape
    filled = whole(planes)
    image, top, left = _place(tile, height, width)
    target = output + ((image * height + top) * width + left) * planes
    row = width * planes
    if top <= height - 4 and left <= width - 4 and planes == filled:
        _transform_output(values, step, bias, filled, target, row, planes)
    else:
        _transform_output(values, step, bias, filled, window, 4 * filled, filled)
        paste(window, 4, filled, target, row, planes, planes, min(4, height - top), min(4, width - left))


@compiled
def _multiply_tiles(inputs, weights, outputs, tiles, planes, filled, wide):
    """Outputs (tiles, wide) = inputs (tiles, filled) @ weights (planes, wide), at one point."""
    zeros = room(2)
    stores(zeros, LANES, (splat(0.0), splat(0.0)))
    for plane in range(0, planes, STEPS):
        steps = min(STEPS, planes - plane)
        for column in range(0, wide, 2 * LANES):
            breadth = min(2 * LANES, wide - column)
            vectors = breadth // LANES
            some = weights + (column * planes + plane * breadth)
            for tile in range(0, tiles, SUMS // vectors):
                source, target = inputs + (tile * filled + plane), outputs + (tile * wide + column)
                if plane == 0:
                    multiply(vectors, source, filled, 1, 0, some, breadth, 1, steps, zeros, 0, target, wide)
                else:
                    multiply(vectors, source, filled, 1, 0, some, breadth, 1, steps, target, wide, target, wide)


@compiled
def _add_products(inputs, gradients, sums, tiles, filled, wide, begin):
    """Sums (filled, wide) += inputs (tiles, filled)^T @ gradients (tiles, wide), at one point; or = where it begins."""
    zeros = room(2)
    stores(zeros, LANES, (splat(0.0), splat(0.0)))
    for tile in range(0, tiles, STEPS):
        steps = min(STEPS, tiles - tile)
        for column in range(0, wide, 2 * LANES):
            vectors = min(2 * LANES, wide - column) // LANES
            some = gradients + (tile * wide + column)
            for plane in range(0, filled, SUMS // vectors):
                source, target = inputs + (tile * filled + plane), sums + (plane * wide + column)
                if begin and tile == 0:
                    multiply(vectors, source, 1, filled, 0, some, wide, 1, steps, zeros, 0, target, wide)
                else:
                    multiply(vectors, source, 1, filled, 0, some, wide, 1, steps, target, wide, target, wide)


@compiled
def _convolve(input, shape, weights, bias, output, out, padding, first, last, block, memory):
    """Compute the output's tiles from `first` to `last`, a block of them at a time."""
    planes, outputs = shape[2], out[2]
    filled, wide = whole(planes), whole(outputs)
    input_step, output_step = block * filled + LANES, block * wide + LANES  # not a power of 2, which the cache dislikes
    input_values = memory
    output_values = input_values + POINTS * input_step
    window = output_values + POINTS * output_step
    for begin in range(first, last, block):
        tiles = min(block, last - begin)
        for tile in range(tiles):
            values = input_values + tile * filled
            _values_of_input(input, shape, 0, filled, begin + tile, out[:2], padding, window, values, input_step)
        for point in range(POINTS):
            _multiply_tiles(
                input_values + point * input_step,
                weights + point * planes * wide,
                output_values + point * output_step,
                tiles,
                planes,
                filled,
                wide,
            )
        for tile in range(tiles):
            _output_of_values(output_values + tile * wide, output_step, bias, output, out, begin + tile, window)


@threaded
def convolve(input, weight, strides, bias, output, padding, block, transformed, memory):
    """Output (N, oH, oW, outputs) = the convolution of the input (N, H, W, planes), its parts by so many threads.

    Args:
        weight: the address of the first one.
        strides: numbers from output to output, from plane to plane, and from tap to tap along both sides.
        bias: one number for each output, filled up to whole vectors.
        padding: along both sides.
        block: how many tiles to work on at a time, a multiple of SUMS.
        transformed: memory for the weights' values at the points.
        memory: (threads, numbers), for what `_convolve` keeps on its way.
    """
    threads = len(memory)
    planes, outputs = input.shape[3], output.shape[3]
    vectors = whole(outputs) // LANES
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = vectors * part // threads * LANES, vectors * (part + 1) // threads * LANES
        _transform_weights(pointer(weight), strides, planes, outputs, first, last, pointer(transformed))
    tiles = count_tiles(output.shape)
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = tiles * part // threads, tiles * (part + 1) // threads
        _convolve(
            pointer(input), input.shape[1:], pointer(transformed), pointer(bias), pointer(output), output.shape[1:],
            padding, first, last, block, pointer(memory[part]),
        )  # fmt: skip


@compiled
def _accumulate(input, shape, gradOutput, out, padding, first_plane, last_plane, first, last, block, sums, memory):
    """Sum up, at the points, what the tiles from `first` to `last` give for the weights of some of the planes."""
    some, wide = last_plane - first_plane, whole(out[2])
    input_step, output_step = block * some + LANES, block * wide + LANES
    input_values = memory
    output_values = input_values + POINTS * input_step
    window = output_values + POINTS * output_step
    for begin in range(first, last, block):
        tiles = min(block, last - begin)
        for tile in range(tiles):
            values = input_values + tile * some
            _values_of_input(
                input, shape, first_plane, last_plane, begin + tile, out[:2], padding, window, values, input_step
            )
            _values_of_gradient(gradOutput, out, begin + tile, window, output_values + tile * wide, output_step)
        for point in range(POINTS):
            _add_products(
                input_values + point * input_step,
                output_values + point * output_step,
                sums + (point * whole(shape[2]) + first_plane) * wide,
                tiles,
                some,
                wide,
                begin == first,
            )


@threaded
def accumulate(input, gradOutput, gradWeight, strides, scale, padding, block, sums, memory):
    """GradWeight += scale * the gradients of the weights, from the input and gradOutput.

    The threads share out the tiles, and where the sums are too many for the cache, the input's planes.

    Args:
        gradWeight, strides, padding, block: as in `convolve`.
        sums: memory for the sums at the points, one for each share of the tiles.
        memory: (threads, numbers), for what `_accumulate` keeps on its way.
    """
    threads, shares = len(memory), len(sums)
    pieces = threads // shares  # of the planes
    tiles, shape, out = count_tiles(gradOutput.shape), input.shape[1:], gradOutput.shape[1:]
    vectors = whole(shape[2]) // LANES
    for thread in numba.prange(threads):
        part = np.int64(thread)
        share, piece = part // pieces, part % pieces
        _accumulate(
            pointer(input), shape, pointer(gradOutput), out, padding,
            vectors * piece // pieces * LANES, vectors * (piece + 1) // pieces * LANES,
            tiles * share // shares, tiles * (share + 1) // shares,
            block, pointer(sums[share]), pointer(memory[part]),
        )  # fmt: skip
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = shape[2] * part // threads, shape[2] * (part + 1) // threads
        _transform_weight_gradient(
            pointer(sums), shares, shape[2], out[2], first, last, scale, pointer(gradWeight), strides
        )  # fmt: skip
