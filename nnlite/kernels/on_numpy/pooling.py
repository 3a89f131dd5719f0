"""Pooling over any number of spatial dimensions: for each offset in the window one pass over the outputs it reaches.

In here maps are (N, *space, C), as they lie in memory.
"""

import functools
import math
import operator

import numpy as np

from nnlite.kernels.on_numpy.pixels import add_at
from nnlite.kernels.on_numpy.scratch import scratch


def MaxPooling_updateOutput(input, output, indices, kernel, stride, padding, dilation):
    """Output = the largest input in each window; equal inputs: the first one wins; indices: where it stood.

    As in THNN, indices over two sides are numbers of pixels from 1, y * W + x + 1, and 0 where nothing is larger than
    -inf. Over one or three sides they are offsets in the window from 0, over three a byte for each, time the lowest;
    where nothing is larger all their bits are set.

    Shapes: input (N, C, *space), output and indices (N, C, *out), channels-last, indices int64; the options have one
    number for each of *space.
    """
    input, output, indices = (np.moveaxis(array, 1, -1) for array in (input, output, indices))
    space, out_space = input.shape[1:-1], output.shape[1:-1]
    output.fill(-math.inf)
    winner = scratch('winner', output.shape, np.min_scalar_type(math.prod(kernel)))
    winner.fill(0)
    for number, out, into in _offsets(space, out_space, kernel, stride, padding, dilation):
        challenge(input[into], number, output[out], winner[out])
    if len(space) == 2:
        steps = [spacing * step for spacing, step in zip(dilation, _steps(space), strict=True)]
        corners = _corners(space, out_space, stride, padding) + 1
    else:
        steps, corners = [1, 1 << 8, 1 << 16], 0
    table = [sum(map(operator.mul, offset, steps)) for offset in np.ndindex(*kernel)]
    write_indices(indices, corners, table, winner, _nothing(space))


def MaxPooling_updateGradInput(gradOutput, indices, gradInput, kernel, stride, padding, dilation):
    """GradInput: each output pixel hands its gradient to the input pixel it was taken from; windows may overlap."""
    add_at(gradOutput, pixels_of(indices, gradInput.shape[2:], stride, padding, dilation), gradInput)


def challenge(value, number, best, winner):
    """Where a value is larger than the best so far it becomes the best, and its number, the highest yet, the winner."""
    larger = np.greater(value, best, out=scratch('larger', value.shape, bool))
    np.fmax(best, value, out=best)  # what is no number never wins
    numbers = scratch('numbers', value.shape, winner.dtype)
    np.multiply(larger.view(np.uint8), winner.dtype.type(number), out=numbers)
    np.maximum(winner, numbers, out=winner)


def write_indices(indices, corners, shifts, winner, nothing):
    """Indices = corners + the shift of each winner, whose number counts from 1, or nothing where there is none."""
    np.copyto(indices, winner)  # or `take` would, into new memory
    shift = np.take(np.array([0, *shifts]), indices, out=scratch('shift', indices.shape, np.int64), mode='clip')
    np.add(corners, shift, out=indices)
    np.copyto(indices, nothing, where=np.equal(winner, 0, out=scratch('larger', winner.shape, bool)))


def pixels_of(indices, space, stride, padding, dilation):
    """Return the pixel, counted from 0, that each index of max pooling means, and -1 for none: scratch (N, *out, C)."""
    indices = np.moveaxis(indices, 1, -1)
    pixels = scratch('pixels', indices.shape, np.int64)
    if len(space) == 2:
        return np.subtract(indices, 1, out=pixels)
    offset = scratch('offset', indices.shape, np.int64)
    np.copyto(pixels, _corners(space, indices.shape[1:-1], stride, padding))
    for side, (spacing, step) in enumerate(zip(dilation, _steps(space), strict=True)):
        np.right_shift(indices, 8 * side, out=offset)
        if len(space) > 1:
            np.bitwise_and(offset, 255, out=offset)
        np.multiply(offset, spacing * step, out=offset)
        np.add(pixels, offset, out=pixels)
    nothing = np.equal(indices, _nothing(space), out=scratch('larger', indices.shape, bool))
    np.copyto(pixels, -1, where=nothing)
    return pixels


def AveragePooling_updateOutput(input, output, kernel, stride, padding, countIncludePad):
    """Output = the mean over each window; padding counts as zeros that are, or are not, among the counted pixels."""
    input, output = np.moveaxis(input, 1, -1), np.moveaxis(output, 1, -1)
    space, out_space = input.shape[1:-1], output.shape[1:-1]
    output.fill(0)
    for _, out, into in _offsets(space, out_space, kernel, stride, padding):
        np.add(output[out], input[into], out=output[out])
    counts = _counts(space, out_space, kernel, stride, padding, countIncludePad)
    np.divide(output, counts.astype(output.dtype), out=output)


def AveragePooling_updateGradInput(gradOutput, gradInput, kernel, stride, padding, countIncludePad):
    """GradInput: each output pixel hands an equal share of its gradient to the pixels of its window."""
    gradOutput, gradInput = np.moveaxis(gradOutput, 1, -1), np.moveaxis(gradInput, 1, -1)
    space, out_space = gradInput.shape[1:-1], gradOutput.shape[1:-1]
    gradInput.fill(0)
    counts = _counts(space, out_space, kernel, stride, padding, countIncludePad)
    share = scratch('share', gradOutput.shape, gradOutput.dtype)
    np.divide(gradOutput, counts.astype(gradOutput.dtype), out=share)
    for _, out, into in _offsets(space, out_space, kernel, stride, padding):
        np.add(gradInput[into], share[out], out=gradInput[into])


def _offsets(space, out_space, kernel, stride, padding, dilation=None):
    """Yield, for each offset in the window, its number from 1, the outputs it reaches and the inputs they find there.

    An offset falls on padding, or off the map, for some outputs at the border: these are left out.
    """
    for number, offset in enumerate(np.ndindex(*kernel), 1):
        outs, intos = [], []
        sides = zip(offset, space, out_space, stride, padding, dilation or [1] * len(space), strict=True)
        for place, size, out, step, pad, spacing in sides:
            shift = place * spacing - pad
            first = max(0, -(shift // step))
            last = min(out, (size - 1 - shift) // step + 1)
            outs.append(slice(first, last))
            intos.append(slice(first * step + shift, (last - 1) * step + shift + 1, step))
        if all(out.start < out.stop for out in outs):
            yield number, (slice(None), *outs), (slice(None), *intos)


def _counts(space, out_space, kernel, stride, padding, countIncludePad):
    """Return by how many pixels each window's sum is divided: (*out, 1)."""
    sides = []
    for size, out, width, step, pad in zip(space, out_space, kernel, stride, padding, strict=True):
        begin = np.arange(out) * step - pad
        end = np.minimum(begin + width, size + pad)
        if not countIncludePad:
            begin, end = np.maximum(begin, 0), np.minimum(end, size)
        sides.append(end - begin)
    return functools.reduce(np.multiply.outer, sides)[..., None]


def _nothing(space):
    """Return the index of a window with nothing larger than -inf in it."""
    return {1: -1, 2: 0, 3: 0xFFFFFF}[len(space)]


def _steps(space):
    """Return by how much the number of a pixel grows along each side."""
    return [math.prod(space[side + 1 :]) for side in range(len(space))]


def _corners(space, out_space, stride, padding):
    """Return the number, from 0, of the pixel where each window begins: (*out, 1)."""
    sides = zip(out_space, stride, padding, _steps(space), strict=True)
    corners = [(np.arange(out) * step - pad) * grows for out, step, pad, grows in sides]
    return functools.reduce(np.add.outer, corners)[..., None]
