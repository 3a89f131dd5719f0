"""Pooling over windows that cover a map, as many as the output has pixels, whatever the map's size."""

import math

import numpy as np

from nnlite.kernels.on_numpy.pixels import add_at
from nnlite.kernels.on_numpy.scratch import scratch


def AdaptiveMaxPooling_updateOutput(input, output, indices):
    """Output (N, C, oH, oW) = the largest input in each of the windows that cover the input (N, C, H, W).

    Indices (2, N, C, oH, oW): its row and its column in the window, from 1. Equal inputs: the first one wins.
    """
    for y, x, window in _windows(input.shape, output.shape, _single):
        part = np.moveaxis(input[window], 1, -1)
        count, height, width, channels = part.shape
        values = scratch('window', (count, height * width, channels), part.dtype)
        np.fmax(part, -math.inf, out=values.reshape(part.shape))  # what is no number never wins
        np.max(values, axis=1, out=output[:, :, y, x])
        np.copyto(indices[0, :, :, y, x], np.argmax(values, axis=1))
    widths = np.array([end - begin for begin, end in _sides(output.shape[3], input.shape[3], _single)])
    np.remainder(indices[0], widths, out=indices[1])
    np.floor_divide(indices[0], widths, out=indices[0])
    np.add(indices, 1, out=indices)


def AdaptiveMaxPooling_updateGradInput(gradOutput, indices, gradInput):
    """GradInput: each output pixel hands its gradient to the input pixel it was taken from."""
    sides = zip(gradOutput.shape[2:], gradInput.shape[2:], strict=True)
    rows, columns = (np.array(_sides(*side, _single)) for side in sides)
    ys, xs = (np.moveaxis(side, 1, -1) for side in indices)
    pixels = scratch('pixels', ys.shape, np.int64)
    np.add(ys, rows[:, :1, None] - 1, out=pixels)
    np.multiply(pixels, gradInput.shape[3], out=pixels)
    np.add(pixels, xs, out=pixels)
    np.add(pixels, columns[:, :1] - 1, out=pixels)
    add_at(gradOutput, pixels, gradInput)


def AdaptiveAveragePooling_updateOutput(input, output):
    """Output (N, C, oH, oW) = the mean over each of the windows that cover the input (N, C, H, W)."""
    for y, x, window in _windows(input.shape, output.shape, _exact):
        mean = output[:, :, y, x]
        np.add.reduce(input[window], axis=(2, 3), out=mean)
        np.divide(mean, _pixels_in(window), out=mean)


def AdaptiveAveragePooling_updateGradInput(gradOutput, gradInput):
    """GradInput: each output pixel hands an equal share of its gradient to the pixels of its window."""
    gradInput.fill(0)
    for y, x, window in _windows(gradInput.shape, gradOutput.shape, _exact):
        grad = gradOutput[:, :, y, x]
        share = scratch('share', grad.shape, grad.dtype)
        np.divide(grad, _pixels_in(window), out=share)
        np.add(gradInput[window], share[:, :, None, None], out=gradInput[window])


def _windows(in_shape, out_shape, ends):
    """Yield (y, x, window) for each output pixel; a window is an index into the input."""
    rows, columns = (_sides(*side, ends) for side in zip(out_shape[2:], in_shape[2:], strict=True))
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            yield y, x, (slice(None), slice(None), slice(*row), slice(*column))


def _sides(count, size, ends):
    """Return (begin, end) of each of `count` windows over a side of `size` pixels, `ends` being a way to round."""
    return [ends(place, count, size) for place in range(count)]


def _exact(place, count, size):
    """Return the first pixel of a window, and the one behind its last: floor(place size / count), ceil((place + 1) ..).

    >>> [_exact(place, 7, 21) for place in range(3)]
    [(0, 3), (3, 6), (6, 9)]
    """
    return place * size // count, -(-(place + 1) * size // count)


def _single(place, count, size):
    """As `_exact`, in THNN's order and precision: a window may reach a pixel further.

    >>> [_single(place, 7, 21) for place in range(3)]
    [(0, 4), (3, 7), (6, 9)]
    """
    begin, end = (np.float32(edge) / np.float32(count) * np.float32(size) for edge in (place, place + 1))
    return math.floor(begin), math.ceil(end)


def _pixels_in(window):
    return math.prod(side.stop - side.start for side in window[2:])
