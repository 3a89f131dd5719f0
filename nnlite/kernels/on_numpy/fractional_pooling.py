"""Fractional max pooling: windows of one size at steps of, on average, a fraction, drawn anew for each plane."""

import math

import numpy as np

from nnlite.kernels.on_numpy.pixels import add_at, memory_of, places
from nnlite.kernels.on_numpy.pooling import challenge, write_indices
from nnlite.kernels.on_numpy.scratch import channels_last, scratch


def FractionalMaxPooling_updateOutput(input, output, indices, samples, kernel):
    """Output = the largest input in each window; indices: the number of the pixel where it stood, from 1.

    Along a side of `size` pixels, window i of `count` begins at floor((i + sample) a) - floor(sample a), with
    a = (size - width) / (count - 1), and the last one at size - width.

    Args:
        input: (N, C, *space).
        output: (N, C, *out), channels-last, as indices.
        indices: int64.
        samples: numbers from 0 to 1, one for each side of each plane: (N, C, sides).
        kernel: the window's size on each side.
    """
    space, channels = input.shape[2:], input.shape[1]
    input = np.moveaxis(channels_last(input, 'planes'), -1, 1)
    output, indices = np.moveaxis(output, 1, -1), np.moveaxis(indices, 1, -1)
    corners = scratch('corners', indices.shape, np.int64)
    corners.fill(0)
    for side, (size, width) in enumerate(zip(space, kernel, strict=True)):
        begins = _begins(samples[..., side], size, output.shape[1 + side], width)
        spread = [1] * side + [-1] + [1] * (len(space) - 1 - side)
        np.multiply(corners, size, out=corners)
        np.add(corners, np.swapaxes(begins, 1, 2).reshape(len(input), *spread, channels), out=corners)
    place = scratch('place', corners.shape, np.int64)
    np.copyto(place, corners)
    places(place, input)
    winner = scratch('winner', output.shape, np.min_scalar_type(math.prod(kernel)))
    winner.fill(0)
    output.fill(-math.inf)
    value = scratch('value', output.shape, output.dtype)
    shifts = [int(np.ravel_multi_index(offset, space)) for offset in np.ndindex(*kernel)]
    for number, shift in enumerate(shifts, 1):
        np.take(memory_of(input)[shift * channels :], place, out=value, mode='clip')
        challenge(value, number, output, winner)
    write_indices(indices, corners, [shift + 1 for shift in shifts], winner, 0)


def FractionalMaxPooling_updateGradInput(gradOutput, indices, gradInput, kernel):
    """GradInput: each output pixel hands its gradient to the input pixel it was taken from."""
    indices = np.moveaxis(indices, 1, -1)
    add_at(gradOutput, np.subtract(indices, 1, out=scratch('pixels', indices.shape, np.int64)), gradInput)


def _begins(samples, size, count, width):
    """Return where the windows along one side begin: (N, C, count); in the samples' precision, as in THNN."""
    steps = np.arange(count - 1, dtype=samples.dtype)
    alpha = samples.dtype.type(size - width) / samples.dtype.type(max(count - 1, 1))
    begins = np.full((*samples.shape, count), size - width)
    moved = ((steps + samples[..., None]) * alpha).astype(np.int64)
    begins[..., :-1] = moved - (samples * alpha).astype(np.int64)[..., None]
    return begins
