"""Convolution of 3x3, stride 1, by Winograd's F(4x4, 3x3): a quarter of im2col's multiplications, as matrix products.

Four output pixels in a row take six of the input and three weights. Directly these are 12 products; but polynomials can
be multiplied by their values: a factor with four coefficients and one with three have a product with six, and so six
values, one at each point, say it all. Convolution is that product's transpose. The points are 0, +-5/8, +-3/2 and
infinity, for which the transforms magnify rounding errors least. Along both sides of a tile:

    V (36 points, tiles, planes) = PIXELS (36, 36) @ the input's tiles of 6x6 (36, tiles * planes)
    U (36 points, outputs, planes) = WEIGHTS (36, 9) @ the weights (9, outputs * planes)
    M (36 points, tiles, outputs) = V @ U^T, at each point
    the output's tiles of 4x4 (16, tiles * outputs) = OUTPUTS (16, 36) @ M

For the gradient of the weights all of this is turned round: M = OUTPUTS^T @ gradOutput's tiles, U = M^T @ V, and the
gradient is WEIGHTS^T @ U. (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.)
"""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnlite.kernels import getprecise
from nnlite.kernels.on_numpy.products import multiply
from nnlite.kernels.on_numpy.scratch import contiguous, scratch
from nnlite.kernels.on_numpy.windows import COLUMNS_BUDGET, chunks, expect_reach, framed
from nnlite.tensor.threads import share_out

SIDE, TILE = 4, 6  # pixels that an output tile has along a side, and the input's under it
LEAST = 32  # planes, on both sides, from which on the fewer products outweigh the transforms

# What scratch memory is for: by parts, since it outlives them, and one thread may compute several.
AT_POINTS = 'weights at points, {}'


def transforms(points):
    """Return the matrices PIXELS, WEIGHTS, OUTPUTS, for tiles: of one side by that of the other (np.kron)."""
    points = np.array(points)
    others = [np.delete(points, place) for place in range(len(points))]
    # What is at infinity is the highest coefficient.
    outputs = np.column_stack([np.vander(points, SIDE, increasing=True).T, np.eye(SIDE)[-1]])
    scales = [np.prod(point - other) for point, other in zip(points, others, strict=True)]
    weights = np.vstack([np.vander(points, 3, increasing=True) / np.reshape(scales, (-1, 1)), np.eye(3)[-1]])
    pixels = np.vstack([[*np.poly(other)[::-1], 0] for other in others] + [np.poly(points)[::-1]])
    return [np.kron(side, side).astype(np.float32) for side in (pixels, weights, outputs)]


PIXELS, WEIGHTS, OUTPUTS = transforms([0, 5 / 8, -5 / 8, 3 / 2, -3 / 2])


def pays(weight, out, stride, dilation):
    """Return whether Winograd's algorithm is allowed there, and takes at most half of the multiplications.

    Args:
        weight: (nOutputPlane, nInputPlane, *kernel), whose type all arrays have.
        out: the *space of the pixels that are computed, or of gradOutput's.
        stride, dilation: a number for each of *space.
    """
    if getprecise() or weight.dtype != np.float32 or weight.shape[2:] != (3, 3) or {*stride, *dilation} != {1}:
        return False
    return min(weight.shape[:2]) >= LEAST and 2 * len(PIXELS) * math.prod(_tiles(out)) <= 9 * math.prod(out)


def convolve(input, output, weight, bias, padding, finish=lambda images, rows: None, turned=False):
    """Output = the convolution of the input with weights of 3x3; shapes as in Convolution_updateOutput.

    Args:
        finish: called with (images, rows) of output pixels, two slices, as soon as they are computed.
        turned: whether by the kernel turned round, from the weight's outputs to its planes, as gradients go.
    """
    pixels, result = _seen(input, output.shape[2:], padding), np.moveaxis(output, 1, -1)
    taps = contiguous(weight, 'weight').reshape(-1, 9).T
    weights = _product(WEIGHTS[:, ::-1] if turned else WEIGHTS, taps, AT_POINTS.format(0))
    weights = weights.reshape(-1, *weight.shape[:2])
    if not turned:
        weights = weights.swapaxes(1, 2)

    def work(_, part):
        for images, rows in _chunks(part, output.shape[2:], weight):
            values = _values(PIXELS, pixels[images], rows, output.shape[3], TILE, padding, 'pixels at points')
            products = scratch('outputs at points', (*values.shape[:2], output.shape[1]), values.dtype)
            np.matmul(values, weights, out=products)
            tiles = _product(OUTPUTS, products.reshape(len(products), -1), 'tiles')
            finish(images, _write(tiles, bias, result[images], rows))

    share_out(work, len(input))


def accumulate(input, gradOutput, gradWeight, padding, scale):
    """GradWeight += scale * the gradients of weights of 3x3; shapes as in Convolution_accGradParameters."""
    pixels, grads = _seen(input, gradOutput.shape[2:], padding), np.moveaxis(gradOutput, 1, -1)
    totals = {}

    def work(number, part):
        for images, rows in _chunks(part, gradOutput.shape[2:], gradWeight):
            values = _values(PIXELS, pixels[images], rows, gradOutput.shape[3], TILE, padding, 'pixels at points')
            slopes = _values(OUTPUTS.T, grads[images], rows, gradOutput.shape[3], SIDE, (0, 0), 'outputs at points')
            purpose = 'gradWeight of a chunk' if number in totals else AT_POINTS.format(number)
            product = scratch(purpose, (len(values), *gradWeight.shape[:2]), values.dtype)
            np.matmul(slopes.swapaxes(1, 2), values, out=product)
            if number in totals:
                np.add(totals[number], product, out=totals[number])
            else:
                totals[number] = product

    share_out(work, len(input))
    flat = [totals[number].reshape(len(WEIGHTS), -1) for number in range(len(totals))]  # in this order at all times
    gradients = scratch('weight', (flat[0].shape[1], 9), gradWeight.dtype)

    def add_up(_, part):
        for total in flat[1:]:
            np.add(flat[0][:, part], total[:, part], out=flat[0][:, part])
        np.matmul(flat[0][:, part].T, WEIGHTS, out=gradients[part])
        np.multiply(gradients[part], scale, out=gradients[part])

    share_out(add_up, len(gradients))
    np.add(gradWeight, gradients.reshape(gradWeight.shape), out=gradWeight)


def _seen(input, out, padding):
    """Return the pixels (N, *space, planes) that so many windows see: a tile may see more, which must be zeros then."""
    sides = [side + 2 * pad for side, pad in zip(input.shape[2:], padding, strict=True)]
    expect_reach([count + 2 for count in out], sides)
    height, width = (count + 2 - pad for count, pad in zip(out, padding, strict=True))
    return np.moveaxis(input, 1, -1)[:, : max(0, height), : max(0, width)]


def _tiles(out):
    """Return how many tiles cover maps, along each side."""
    return [-(-side // SIDE) for side in out]


def _chunks(part, out, weight):
    """Yield (images, rows of tiles): what fits the cache at all points, but as much as the weights are there.

    These are read for each chunk: of smaller ones, they would be the larger part.
    """
    outputs, planes = weight.shape[:2]
    values = weight.itemsize * len(PIXELS)
    return chunks(part, _tiles(out), values * (planes + outputs), max(COLUMNS_BUDGET, values * planes * outputs))


def _product(matrix, array, purpose):
    """Return the product of two matrices in scratch memory."""
    return multiply(matrix, array, out=scratch(purpose, (len(matrix), array.shape[1]), array.dtype))


def _values(matrix, pixels, rows, width, size, padding, purpose):
    """Return the values, at the points, of some rows of tiles: (points, tiles, planes).

    Args:
        matrix: the transform.
        pixels: (n, *space, planes).
        rows: of tiles.
        width: of the output.
        size: pixels along a side of a tile; those are SIDE pixels apart.
        padding: around the maps.
    """
    across = -(-width // SIDE)
    band = framed(pixels, rows, size, SIDE, padding, [(across - 1) * SIDE + size])
    batch, down, along, plane = band.strides
    shape = (size, size, len(band), rows.stop - rows.start, across, band.shape[-1])
    seen = as_strided(band, shape, (down, along, batch, SIDE * down, SIDE * along, plane), writeable=False)
    tiles = scratch('tiles', shape, band.dtype)
    np.copyto(tiles, seen)
    return _product(matrix, tiles.reshape(size * size, -1), purpose).reshape(len(matrix), -1, shape[-1])


def _write(tiles, bias, result, rows):
    """Write tiles (16, tiles * planes) of some rows into maps (n, *space, planes), the bias added.

    Returns:
        which rows of pixels these are, a slice.
    """
    count, height, width, planes = result.shape
    down, across = rows.stop - rows.start, -(-width // SIDE)
    first, last = rows.start * SIDE, min(height, rows.stop * SIDE)
    whole = (last - first, width) == (down * SIDE, across * SIDE)
    some = result[:, first:last]
    target = some if whole else scratch('padded', (count, down * SIDE, across * SIDE, planes), result.dtype)
    pixels = target.reshape(count, down, SIDE, across, SIDE, planes)
    source = tiles.reshape(SIDE, SIDE, count, down, across, planes).transpose(2, 3, 0, 4, 1, 5)
    if bias is None:
        np.copyto(pixels, source)
    else:
        np.add(source, bias, out=pixels)
    if not whole:
        np.copyto(some, target[:, : last - first, :width])
    return slice(first, last)
