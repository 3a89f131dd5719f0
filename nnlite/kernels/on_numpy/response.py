"""Local response normalization: each pixel divided by a power of its neighbours' squares, in the planes around it."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch


def SpatialCrossMapLRN_updateOutput(input, output, scale, size, alpha, beta, k):
    """Output = input * scale^-beta, where scale = k + alpha / size * the sum of squares over `size` planes.

    Shapes: input, output, scale (N, C, H, W).
    """
    squares = scratch('squares', input.shape, input.dtype, 'map')
    np.multiply(input, input, out=squares)
    _sum_over_planes(squares, scale, size)
    np.multiply(scale, alpha / size, out=scale)
    np.add(scale, k, out=scale)
    np.power(scale, -beta, out=output)
    np.multiply(output, input, out=output)


def SpatialCrossMapLRN_updateGradInput(input, output, gradOutput, scale, gradInput, size, alpha, beta):
    """GradInput = gradOutput * scale^-beta - 2 alpha beta / size * input * the sum of ratios over `size` planes.

    A plane's ratio is gradOutput * output / scale.
    """
    ratios, sums = (scratch(purpose, input.shape, input.dtype, 'map') for purpose in ('ratios', 'sums of ratios'))
    np.multiply(gradOutput, output, out=ratios)
    np.divide(ratios, scale, out=ratios)
    _sum_over_planes(ratios, sums, size)
    np.multiply(sums, input, out=sums)
    np.multiply(sums, 2 * alpha * beta / size, out=sums)
    np.power(scale, -beta, out=gradInput)
    np.multiply(gradInput, gradOutput, out=gradInput)
    np.subtract(gradInput, sums, out=gradInput)


def _sum_over_planes(maps, sums, size):
    """Sums[:, c] = the sum of maps[:, d] over the planes d at most size // 2 away from c."""
    np.copyto(sums, maps)
    for shift in range(1, min(size // 2 + 1, maps.shape[1])):
        for into, taken in ((sums[:, shift:], maps[:, :-shift]), (sums[:, :-shift], maps[:, shift:])):
            np.add(into, taken, out=into)
