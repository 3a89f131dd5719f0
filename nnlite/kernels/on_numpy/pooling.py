"""Pooling over two spatial dimensions: for each offset in the window one pass over all the output pixels it reaches."""

import math

import numpy as np

from nnlite.kernels.on_numpy.masking import keep
from nnlite.kernels.on_numpy.scratch import scratch


def SpatialMaxPooling_updateOutput(input, output, indices, kernel, stride, padding):
    """Output = the largest input in each window; indices: where it stood, y * W + x + 1.

    Shapes: input (N, C, H, W), output and indices (N, C, oH, oW), indices int64. Equal inputs: the first one wins.
    A window with nothing larger than -inf in it gives -inf and index 0.
    """
    output.fill(-math.inf)
    indices.fill(0)
    width = input.shape[3]
    for out, into, (ys, xs) in _offsets(input.shape, output.shape, kernel, stride, padding):
        value, best = input[into], output[out]
        places = _places(ys, xs, width)
        larger = np.greater(value, best, out=scratch('larger', value.shape, bool))
        np.copyto(best, value, where=larger)
        np.copyto(indices[out], places, where=larger)


def SpatialMaxPooling_updateGradInput(gradOutput, indices, gradInput, kernel, stride, padding):
    """GradInput: each output pixel hands its gradient to the input pixel it was taken from; windows may overlap."""
    gradInput.fill(0)
    width = gradInput.shape[3]
    for out, into, (ys, xs) in _offsets(gradInput.shape, gradOutput.shape, kernel, stride, padding):
        grad = gradOutput[out]
        mine = scratch('mine', grad.shape, bool)
        np.equal(indices[out], _places(ys, xs, width), out=mine)
        part = scratch('part', grad.shape, grad.dtype)
        keep(grad, mine, out=part)
        np.add(gradInput[into], part, out=gradInput[into])


def SpatialAveragePooling_updateOutput(input, output, kernel, stride, padding, countIncludePad):
    """Output = the mean over each window; padding counts as zeros that are, or are not, among the counted pixels."""
    output.fill(0)
    for out, into, _ in _offsets(input.shape, output.shape, kernel, stride, padding):
        np.add(output[out], input[into], out=output[out])
    counts = _counts(input.shape, output.shape, kernel, stride, padding, countIncludePad)
    np.divide(output, counts.astype(output.dtype), out=output)


def SpatialAveragePooling_updateGradInput(gradOutput, gradInput, kernel, stride, padding, countIncludePad):
    """GradInput: each output pixel hands an equal share of its gradient to the pixels of its window."""
    gradInput.fill(0)
    counts = _counts(gradInput.shape, gradOutput.shape, kernel, stride, padding, countIncludePad)
    share = scratch('share', np.moveaxis(gradOutput, 1, -1).shape, gradOutput.dtype)
    share = np.moveaxis(share, -1, 1)
    np.divide(gradOutput, counts.astype(gradOutput.dtype), out=share)
    for out, into, _ in _offsets(gradInput.shape, gradOutput.shape, kernel, stride, padding):
        np.add(gradInput[into], share[out], out=gradInput[into])


def SpatialAdaptiveAveragePooling_updateOutput(input, output):
    """Output (N, C, oH, oW) = the mean over each of oH x oW windows that cover the input (N, C, H, W)."""
    for y, x, window, count in _windows(input.shape, output.shape):
        mean = output[:, :, y, x]
        np.add.reduce(input[window], axis=(2, 3), out=mean)
        np.divide(mean, count, out=mean)


def SpatialAdaptiveAveragePooling_updateGradInput(gradOutput, gradInput):
    """GradInput: each output pixel hands an equal share of its gradient to the pixels of its window."""
    gradInput.fill(0)
    for y, x, window, count in _windows(gradInput.shape, gradOutput.shape):
        grad = gradOutput[:, :, y, x]
        share = scratch('share', grad.shape, grad.dtype)
        np.divide(grad, count, out=share)
        np.add(gradInput[window], share[:, :, None, None], out=gradInput[window])


def _windows(in_shape, out_shape):
    """Yield (y, x, window, number of pixels in it) for each output pixel; a window is an index into the input."""
    (height, width), (rows, columns) = in_shape[2:], out_shape[2:]
    for y in range(rows):
        ys = slice(y * height // rows, -(-(y + 1) * height // rows))
        for x in range(columns):
            xs = slice(x * width // columns, -(-(x + 1) * width // columns))
            yield y, x, (slice(None), slice(None), ys, xs), (ys.stop - ys.start) * (xs.stop - xs.start)


def _offsets(in_shape, out_shape, kernel, stride, padding):
    """Yield, for each offset in the window, which outputs it reaches and which inputs they find there.

    An offset falls on padding, or off the map, for some outputs at the border: these are left out.
    """
    for y in range(kernel[0]):
        for x in range(kernel[1]):
            outs, intos, places = [], [], []
            for offset, size, out, step, pad in zip((y, x), in_shape[2:], out_shape[2:], stride, padding, strict=True):
                first = max(0, -((offset - pad) // step))
                last = min(out, (size - 1 - offset + pad) // step + 1)
                begin = first * step + offset - pad
                count = max(0, last - first)
                outs.append(slice(first, first + count))
                intos.append(slice(begin, begin + (count - 1) * step + 1 if count else begin, step))
                places.append(begin + step * np.arange(count))
            if all(len(place) for place in places):
                whole = slice(None)
                yield (whole, whole, *outs), (whole, whole, *intos), places


def _places(ys, xs, width):
    """Return the index of each pixel, counted from 1 along the rows of a map of this width."""
    return (ys[:, None] * width + xs + 1)[None, None]


def _counts(in_shape, out_shape, kernel, stride, padding, countIncludePad):
    """Return by how many pixels each window's sum is divided: (oH, oW)."""
    sides = []
    for size, out, width, step, pad in zip(in_shape[2:], out_shape[2:], kernel, stride, padding, strict=True):
        begin = np.arange(out) * step - pad
        end = np.minimum(begin + width, size + pad)
        if not countIncludePad:
            begin, end = np.maximum(begin, 0), np.minimum(end, size)
        sides.append(end - begin)
    return sides[0][:, None] * sides[1]
