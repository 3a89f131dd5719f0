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

Volumes are a convolution of their frames, (N * T, H, W, planes): an output frame sees kT of the input's, and those are
to it as so many times the planes. `frames` says which: (T, oT, kT, dT, padT); it is ONE_FRAME for images.
"""

import numba
import numpy as np

from nnlite.kernels.on_numba.compiling import compiled, threaded
from nnlite.kernels.on_numba.points import (
    POINTS,
    finish_pixels,
    transform_input,
    transform_input_at_border,
    transform_output,
    transform_output_gradient,
    transform_weight_gradient,
    transform_weights,
)
from nnlite.kernels.on_numba.simd import (
    LANES,
    SUMS,
    can_store_past,
    finish_stores,
    load,
    multiply,
    pointer,
    room,
    splat,
    store,
    stores,
)
from nnlite.kernels.on_numba.windows import cut, paste, whole

STEPS = 128  # of a matrix product, in partial sums of so many: long ones round more
TERMS = 512  # pixels that are summed up in float32 before they are added to the totals
ONE_FRAME = (1, 1, 1, 1, 0)


@compiled
def count_tiles(shape):
    """Return how many tiles of 4x4 cover a batch (N, H, W, planes)."""
    return shape[0] * ((shape[1] + 3) // 4) * ((shape[2] + 3) // 4)


@compiled
def numbers(block, filled, wide):
    """Return how many numbers a thread keeps: the values of a block's tiles, inputs and outputs, a window, moments."""
    return POINTS * (block * (filled + wide) + 2 * LANES + max(filled, wide)) + 3 * wide


@compiled
def _place(tile, height, width):
    """Return (image, top, left): where in a batch of maps of height x width pixels a 4x4 tile lies."""
    along = (width + 3) // 4
    each = (height + 3) // 4 * along
    return tile // each, tile % each // along * 4, tile % along * 4


@compiled
def _behind(place, height, width):
    """Return where the tile behind another one lies: in a fraction of the time that `_place` takes to divide."""
    image, top, left = place
    left += 4
    if left >= width:
        left, top = 0, top + 4
        if top >= height:
            top, image = 0, image + 1
    return image, top, left


@compiled
def _values_of_inputs(
    input, shape, frames, first_plane, last_plane, tile, tiles, out, padding, values, frame_step, tile_step, step
):  # fmt: skip
    """Write the values at the points of the 6x6 pixels under so many output tiles, of some of the planes.

    Args:
        tile: the first of them.
        values: memory for them, so many numbers from frame to frame that a tile sees, from tile to tile, and from point
            to point. Those of a frame are filled up with zeros, on which the next one's may lie.
    """
    height, width, planes = shape
    filled = last_plane - first_plane
    place, now, first_frame = _place(tile, out[0], out[1]), -1, 0
    for _ in range(tiles):
        image, top, left = place[0], place[1] - padding[0], place[2] - padding[1]
        if image != now:  # to divide takes long
            now, first_frame = image, image % frames[1] * frames[3] - frames[4]
            first_source = input + ((image // frames[1] * frames[0] + first_frame) * height * width * planes)
        for frame in range(frames[2]):
            target = values + frame * frame_step
            source = first_source + (((frame * height + top) * width + left) * planes + first_plane)
            if not 0 <= first_frame + frame < frames[0]:
                for point in range(POINTS):
                    for plane in range(0, filled, LANES):
                        store(target + (point * step + plane), splat(np.float32(0)))
            elif 0 <= top <= height - 6 and 0 <= left <= width - 6 and last_plane <= planes:
                transform_input(source, width * planes, planes, filled, target, step)
            else:
                transform_input_at_border(
                    source, width * planes, planes, planes - first_plane, filled, (-top, height - top),
                    (-left, width - left), target, step,
                )  # fmt: skip
        values = values + tile_step
        place = _behind(place, out[0], out[1])


@compiled
def _values_of_gradients(gradOutput, shape, tile, tiles, window, values, step):
    """Write the values at the points of so many tiles of gradOutput; see `_values_of_inputs`."""
    height, width, planes = shape
    filled = whole(planes)
    place = _place(tile, height, width)
    for _ in range(tiles):
        image, top, left = place
        source = gradOutput + image * height * width * planes
        if top <= height - 4 and left <= width - 4 and planes == filled:
            source = source + (top * width + left) * planes
            transform_output_gradient(source, width * planes, planes, filled, values, step)
        else:
            cut(source, height, width, planes, planes, top, left, 4, 4, window, filled)
            transform_output_gradient(window, 4 * filled, filled, filled, values, step)
        values = values + filled
        place = _behind(place, height, width)


@compiled
def _outputs_of_values(
    values, step, bias, output, shape, tile, tiles, past, window, residual, adds, rectifies, moments, totals, counts
):  # fmt: skip
    """Write so many output tiles that have these values at the points, and do more with them: see `transform_output`.

    Args:
        totals: where it `counts`, what the moments' sums are added to.
    """
    height, width, planes = shape
    filled = whole(planes)
    row, pixels = width * planes, 0
    place = _place(tile, height, width)
    for left_over in range(tiles - 1, -1, -1):
        image, top, left = place
        first = ((image * height + top) * width + left) * planes
        target, added = output + first, residual + first
        rows, columns = min(4, height - top), min(4, width - left)
        if rows == columns == 4 and planes == filled:
            transform_output(
                values, step, bias, filled, target, row, planes, past, added, adds, rectifies, moments, counts
            )  # fmt: skip
        else:
            transform_output(
                values, step, bias, filled, window, 4 * filled, filled, False, window, False, False, moments, False
            )  # fmt: skip
            paste(window, 4, filled, target, row, planes, planes, rows, columns)
            if adds or rectifies or counts:
                finish_pixels(target, row, planes, planes, rows, columns, added, adds, rectifies, moments, counts)
        if counts:
            pixels += rows * columns
            if pixels >= TERMS or left_over == 0:
                _add_moments(moments, filled, pixels, totals)
                pixels = 0
        values = values + filled
        place = _behind(place, height, width)


@compiled
def _begin_moments(values, step, bias, filled, window, moments):
    """Take the first pixel of the tile that has these values as the centre of moments, (3, filled), and clear these."""
    transform_output(
        values, step, bias, filled, window, 4 * filled, filled, False, window, False, False, moments, False
    )  # fmt: skip
    for plane in range(0, filled, LANES):
        store(moments + plane, load(window + plane))
        store(moments + (filled + plane), splat(np.float32(0)))
        store(moments + (2 * filled + plane), splat(np.float32(0)))


@compiled
def _add_moments(moments, filled, pixels, totals):
    """Add the sums of so many pixels, and of their squares, to the totals (2, planes), and clear the moments."""
    for plane in range(totals.shape[1]):
        # With a centre c, x is c + (x - c), and x^2 is c^2 + 2 c (x - c) + (x - c)^2.
        centre, total = np.float64(moments[plane]), np.float64(moments[filled + plane])
        totals[0, plane] += pixels * centre + total
        totals[1, plane] += (pixels * centre + 2 * total) * centre + moments[2 * filled + plane]
        moments[filled + plane] = moments[2 * filled + plane] = np.float32(0)


@compiled
def _multiply_tiles(inputs, weights, outputs, tiles, planes, filled, wide):
    """Outputs (tiles, wide) = inputs (tiles, filled) @ weights (planes, wide), at one point; planes of all frames."""
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
                start, start_row = (zeros, 0) if plane == 0 else (target, wide)
                multiply(vectors, source, filled, 1, 0, some, breadth, 1, steps, start, start_row, target, wide)


@compiled
def _add_products(inputs, tile_step, gradients, sums, tiles, filled, wide, begin):
    """Sums (filled, wide) += inputs (tiles, filled)^T @ gradients (tiles, wide), at one point; or = where it begins.

    Args:
        tile_step: from tile to tile of the inputs.
    """
    zeros = room(2)
    stores(zeros, LANES, (splat(0.0), splat(0.0)))
    for tile in range(0, tiles, STEPS):
        steps = min(STEPS, tiles - tile)
        for column in range(0, wide, 2 * LANES):
            vectors = min(2 * LANES, wide - column) // LANES
            some = gradients + (tile * wide + column)
            for plane in range(0, filled, SUMS // vectors):
                source, target = inputs + (tile * tile_step + plane), sums + (plane * wide + column)
                start, start_row = (zeros, 0) if begin and tile == 0 else (target, wide)
                multiply(vectors, source, 1, tile_step, 0, some, wide, 1, steps, start, start_row, target, wide)


@compiled
def _convolve(
    input, shape, frames, weights, bias, output, out, padding, first, last, block, memory, past, residual, adds,
    rectifies, totals, counts,
):  # fmt: skip
    """Compute the output's tiles from `first` to `last`, a block of them at a time."""
    planes, outputs = shape[2], out[2]
    filled, wide = frames[2] * whole(planes), whole(outputs)
    input_step, output_step = block * filled + LANES, block * wide + LANES  # not a power of 2, which the cache dislikes
    input_values = memory
    output_values = input_values + POINTS * input_step
    window = output_values + POINTS * output_step
    moments = window + POINTS * max(filled, wide)
    for begin in range(first, last, block):
        tiles = min(block, last - begin)
        _values_of_inputs(
            input, shape, frames, 0, whole(planes), begin, tiles, out[:2], padding, input_values, planes, filled,
            input_step,
        )  # fmt: skip
        for point in range(POINTS):
            inputs, outputs_here = input_values + point * input_step, output_values + point * output_step
            seen = frames[2] * planes
            _multiply_tiles(inputs, weights + point * seen * wide, outputs_here, tiles, seen, filled, wide)
        if counts and begin == first:
            _begin_moments(output_values, output_step, bias, wide, window, moments)
        _outputs_of_values(
            output_values, output_step, bias, output, out, begin, tiles, past, window, residual, adds, rectifies,
            moments, totals, counts,
        )  # fmt: skip
    finish_stores()


@compiled
def _transform_share(weight, strides, frames, planes, outputs, part, threads, values):
    """Do what `transform_weights` does for one thread's part of the output planes, for so many frames."""
    vectors = whole(outputs) // LANES
    first, last = vectors * part // threads * LANES, vectors * (part + 1) // threads * LANES
    by_output, by_plane, by_frame, by_row, by_tap = strides
    for frame in range(frames):
        transform_weights(
            weight + frame * by_frame, (by_output, by_plane, by_row, by_tap), planes, outputs, first, last, values,
            frame * planes, frames * planes,
        )  # fmt: skip


@threaded
def convolve(
    input, weight, strides, frames, bias, output, padding, block, transformed, memory, residual, adds, rectifies,
    totals, counts,
):  # fmt: skip
    """Output (N, oH, oW, outputs) = the convolution of the input (N, H, W, planes), its parts by so many threads.

    Args:
        weight: the address of the first one.
        strides: numbers from output to output, from plane to plane, from frame to frame, and from tap to tap along both
            sides.
        bias: one number for each output, filled up to whole vectors.
        padding: along both sides.
        block: how many tiles to work on at a time, a multiple of SUMS.
        transformed: memory for the weights' values at the points.
        memory: (threads, numbers), for what `_convolve` keeps on its way.
        residual: like the output, and added to it where it `adds`.
        rectifies: whether what is below 0 becomes 0.
        totals: (threads, 2, outputs), float64: where it `counts`, the sums of each thread's outputs and of their
            squares are added to them.
    """
    threads = len(memory)
    planes, outputs = input.shape[3], output.shape[3]
    for thread in numba.prange(threads):
        part = np.int64(thread)
        _transform_share(pointer(weight), strides, frames[2], planes, outputs, part, threads, pointer(transformed))
    tiles = count_tiles(output.shape)
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = tiles * part // threads, tiles * (part + 1) // threads
        _convolve(
            pointer(input), input.shape[1:], frames, pointer(transformed), pointer(bias), pointer(output),
            output.shape[1:], padding, first, last, block, pointer(memory[part]),
            can_store_past(pointer(output), outputs, (last - first) * 16 * outputs), pointer(residual), adds, rectifies,
            totals[part], counts,
        )  # fmt: skip


@compiled
def _convolve_twice(
    input, shape, first_weights, first_bias, between, inner, second_weights, second_bias, output, out, first, last,
    images, block, memory, past, residual, adds, totals,
):  # fmt: skip
    """Compute the output of the images from `first` to `last`, so many at a time."""
    tiles = count_tiles((1, out[0], out[1]))
    for image in range(first, last, images):
        begin, end = image * tiles, min(last, image + images) * tiles
        values = between + (0 - image) * inner[0] * inner[1] * inner[2]  # as if all images were there
        _convolve(
            input, shape, ONE_FRAME, first_weights, first_bias, values, inner, (1, 1), begin, end, block, memory, False,
            values, False, True, totals, False,
        )  # fmt: skip
        _convolve(
            values, inner, ONE_FRAME, second_weights, second_bias, output, out, (1, 1), begin, end, block, memory, past,
            residual, adds, True, totals, False,
        )  # fmt: skip


@threaded
def convolve_twice(
    input, first_weight, first_strides, first_bias, inner, second_weight, second_strides, second_bias, output, images,
    block, first_transformed, second_transformed, memory, between, residual, adds, totals,
):  # fmt: skip
    """Output = max(0, residual + the convolution of max(0, the convolution of the input)), padded by a pixel each.

    What is between the two never leaves the cache: a thread computes it for some images, and the output from that.

    Args:
        first_weight ... second_bias: for each of the two, as in `convolve`.
        inner: (H, W, planes) of what is between.
        images: how many to take at a time.
        block, residual, adds: as in `convolve`.
        first_transformed, second_transformed: memory for the weights' values at the points.
        memory: (threads, numbers), for what `_convolve` keeps on its way.
        between: (threads, numbers), for what is between.
        totals: float64 of two dimensions, left as it is.
    """
    threads, shape, out = len(memory), input.shape[1:], output.shape[1:]
    for thread in numba.prange(threads):
        part = np.int64(thread)
        _transform_share(
            pointer(first_weight), first_strides, 1, shape[2], inner[2], part, threads, pointer(first_transformed)
        )  # fmt: skip
        _transform_share(
            pointer(second_weight), second_strides, 1, inner[2], out[2], part, threads, pointer(second_transformed)
        )  # fmt: skip
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = len(output) * part // threads, len(output) * (part + 1) // threads
        _convolve_twice(
            pointer(input), shape, pointer(first_transformed), pointer(first_bias), pointer(between[part]), inner,
            pointer(second_transformed), pointer(second_bias), pointer(output), out, first, last, images, block,
            pointer(memory[part]), can_store_past(pointer(output), out[2], (last - first) * out[0] * out[1] * out[2]),
            pointer(residual), adds, totals,
        )  # fmt: skip


@compiled
def _accumulate(
    input, shape, frames, gradOutput, out, padding, first_plane, last_plane, first, last, block, sums, frame_step,
    memory,
):  # fmt: skip
    """Sum up, at the points, what the tiles from `first` to `last` give for the weights of some of the planes.

    Args:
        sums: (POINTS, whole planes, whole outputs) for each of the kernel's frames, `frame_step` numbers apart.
    """
    some, wide = last_plane - first_plane, whole(out[2])
    filled = frames[2] * some
    input_step, output_step = block * filled + LANES, block * wide + LANES
    input_values = memory
    output_values = input_values + POINTS * input_step
    window = output_values + POINTS * output_step
    for begin in range(first, last, block):
        tiles = min(block, last - begin)
        _values_of_inputs(
            input, shape, frames, first_plane, last_plane, begin, tiles, out[:2], padding, input_values, some, filled,
            input_step,
        )  # fmt: skip
        _values_of_gradients(gradOutput, out, begin, tiles, window, output_values, output_step)
        for point in range(POINTS):
            gradients = output_values + point * output_step
            for frame in range(frames[2]):
                inputs = input_values + (point * input_step + frame * some)
                target = sums + (frame * frame_step + (point * whole(shape[2]) + first_plane) * wide)
                _add_products(inputs, filled, gradients, target, tiles, some, wide, begin == first)


@threaded
def accumulate(input, gradOutput, gradWeight, strides, frames, scale, padding, block, sums, memory):
    """GradWeight += scale * the gradients of the weights, from the input and gradOutput.

    The threads share out the tiles, and where the sums are too many for the cache, the input's planes.

    Args:
        gradWeight, strides, padding, block: as in `convolve`.
        sums: memory for the sums at the points, for each of the kernel's frames one for each share of the tiles.
        memory: (threads, numbers), for what `_accumulate` keeps on its way.
    """
    threads, shares = len(memory), sums.shape[1]
    pieces = threads // shares  # of the planes
    tiles, shape, out = count_tiles(gradOutput.shape), input.shape[1:], gradOutput.shape[1:]
    vectors = whole(shape[2]) // LANES
    by_output, by_plane, by_frame, by_row, by_tap = strides
    for thread in numba.prange(threads):
        part = np.int64(thread)
        share, piece = part // pieces, part % pieces
        _accumulate(
            pointer(input), shape, frames, pointer(gradOutput), out, padding,
            vectors * piece // pieces * LANES, vectors * (piece + 1) // pieces * LANES,
            tiles * share // shares, tiles * (share + 1) // shares,
            block, pointer(sums[0, share]), shares * sums.shape[2], pointer(memory[part]),
        )  # fmt: skip
    for thread in numba.prange(threads):
        part = np.int64(thread)
        first, last = shape[2] * part // threads, shape[2] * (part + 1) // threads
        for frame in range(frames[2]):
            transform_weight_gradient(
                pointer(sums[frame]), shares, shape[2], out[2], first, last, scale,
                pointer(gradWeight) + frame * by_frame, (by_output, by_plane, by_row, by_tap),
            )  # fmt: skip
