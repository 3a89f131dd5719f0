"""Convolution of each plane by kernels of its own: for each offset into the kernel one pass over all the output pixels.

A plane has too few numbers for a matrix product to pay: its columns would be copied to be used once.
"""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows
from nnlite.kernels.on_numpy.windows import block, extents, framed, window, zeros
from nnlite.tensor.threads import share_out


def DepthWiseConvolution_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Output[n, c * M + m, y] = bias[m, c] + sum over k of weight[m, c, k] input[n, c, y * stride + ...].

    Shapes: input (N, C, *space), output (N, C * M, *out), weight (M, C, *kernel), bias (M, C) or None.
    """
    out = output.shape[2:]

    def work(_, part):
        for n in range(part.start, part.stop):
            pixels = _framed(input[n : n + 1], out, weight, stride, padding, dilation)
            for m, total in enumerate(_planes(output[n : n + 1], weight)):
                np.copyto(total, 0 if bias is None else bias[m])
                product = scratch('product', total.shape, total.dtype)
                for offset in np.ndindex(*weight.shape[2:]):
                    seen = pixels[window(offset, out, stride, dilation)]
                    np.multiply(seen, weight[(m, slice(None), *offset)], out=product)
                    np.add(total, product, out=total)

    share_out(work, len(input))


def DepthWiseConvolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation):
    """GradInput: every output pixel hands its gradient back to the window it came from.

    Shapes: as in DepthWiseConvolution_updateOutput.
    """
    out, result = gradOutput.shape[2:], np.moveaxis(gradInput, 1, -1)
    _, *space, planes = result.shape
    sides = [size + 2 * pad for size, pad in zip(space, padding, strict=True)]

    def work(_, part):
        for n in range(part.start, part.stop):
            padded = zeros((1, *sides, planes), result.dtype)
            for m, grads in enumerate(_planes(gradOutput[n : n + 1], weight)):
                product = scratch('product', grads.shape, grads.dtype)
                for offset in np.ndindex(*weight.shape[2:]):
                    np.multiply(grads, weight[(m, slice(None), *offset)], out=product)
                    seen = padded[window(offset, out, stride, dilation)]
                    np.add(seen, product, out=seen)
            np.copyto(result[n : n + 1], padded[block(padding, space)])

    share_out(work, len(gradOutput))


def DepthWiseConvolution_accGradParameters(
    input, gradOutput, gradWeight, gradBias, stride, padding, dilation, scale
):  # fmt: skip
    """GradWeight += scale * the sum over all output pixels of their gradient times what they saw; gradBias likewise.

    Shapes: as in DepthWiseConvolution_updateOutput; gradWeight like weight, gradBias like bias or None.
    """
    out = gradOutput.shape[2:]
    pixels = _framed(input, out, gradWeight, stride, padding, dilation)
    for m, grads in enumerate(_planes(gradOutput, gradWeight)):
        product = scratch('product', grads.shape, grads.dtype)
        for offset in np.ndindex(*gradWeight.shape[2:]):
            np.multiply(pixels[window(offset, out, stride, dilation)], grads, out=product)
            _add(gradWeight[(m, slice(None), *offset)], scale * _sum(product))
        if gradBias is not None:
            np.copyto(product, grads)
            _add(gradBias[m], scale * _sum(product))


def _framed(input, out, weight, stride, padding, dilation):
    """Return the pixels (N, *space, C) with their padding."""
    extent = extents(weight.shape[2:], dilation)
    return framed(np.moveaxis(input, 1, -1), slice(0, out[0]), extent[0], stride[0], padding)


def _planes(output, weight):
    """Return, for each m, the pixels (N, *out, C) of the planes c * M + m."""
    return [np.moveaxis(output[:, m :: len(weight)], 1, -1) for m in range(len(weight))]


def _sum(pixels):
    return sum_of_rows(pixels.reshape(-1, pixels.shape[-1]))


def _add(total, term):
    np.add(total, term, out=total, casting='same_kind')
