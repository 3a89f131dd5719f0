"""Division of vectors by their norm."""

import math

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch


def Normalize_updateOutput(input, output, norm, p, eps):
    """Output (N, D) = input / norm, with norm (N, 1) = (sum of |input|^p + eps)^(1/p), or max |input| + eps.

    The latter is for a p of infinity.
    """
    sizes = np.abs(input, out=output)
    if p == math.inf:
        np.max(sizes, axis=1, keepdims=True, out=norm)
        np.add(norm, eps, out=norm)
    else:
        np.power(sizes, p, out=sizes)
        np.add.reduce(sizes, axis=1, keepdims=True, out=norm)
        np.power(np.add(norm, eps, out=norm), 1 / p, out=norm)
    np.divide(input, norm, out=output)


def Normalize_updateGradInput(input, gradOutput, norm, gradInput, p, eps):
    """GradInput = (gradOutput - slope * sum of input * gradOutput) / norm, where slope is that of log(norm).

    It is |input|^(p-1) * sign / norm^p; for a p of infinity 1 / norm at the largest |input|, written as THNN's input /
    norm^2 there, and 0 elsewhere. For a p below 2, eps keeps the power from a division by 0.
    """
    sizes = np.abs(input, out=scratch('sizes', input.shape, input.dtype))
    product = np.multiply(input, gradOutput, out=gradInput)
    along = np.add.reduce(product, axis=1, keepdims=True, out=scratch('along', norm.shape, norm.dtype))
    if p == math.inf:
        place = np.argmax(sizes, axis=1)[:, None]
        slope = np.take_along_axis(input, place, axis=1) / norm / norm
        gradInput.fill(0)
        np.put_along_axis(gradInput, place, slope * along, axis=1)
    else:
        if p < 2:
            np.add(sizes, eps, out=sizes)
        np.power(sizes, p - 2, out=sizes)
        np.multiply(sizes, input, out=gradInput)
        np.divide(along, np.power(norm, p, out=scratch('powers', norm.shape, norm.dtype)), out=along)
        np.multiply(gradInput, along, out=gradInput)
    np.subtract(gradOutput, gradInput, out=gradInput)
    np.divide(gradInput, norm, out=gradInput)
