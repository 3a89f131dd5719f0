"""SoftMax and LogSoftMax along one axis, with the largest input taken off first so that no exponential overflows."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch


def SoftMax_updateOutput(input, output, axis):
    """Output = exp(input - max) / sum of exp(input - max) along the axis. Output may be the input."""
    np.subtract(input, _reduce(np.maximum, input, axis), out=output)
    np.exp(output, out=output)
    np.divide(output, _reduce(np.add, output, axis), out=output)


def SoftMax_updateGradInput(output, gradOutput, gradInput, axis):
    """GradInput = output * (gradOutput - sum of gradOutput * output along the axis)."""
    np.multiply(gradOutput, output, out=gradInput)
    np.subtract(gradOutput, _reduce(np.add, gradInput, axis), out=gradInput)
    np.multiply(gradInput, output, out=gradInput)


def LogSoftMax_updateOutput(input, output, axis):
    """Output = input - max - log(sum of exp(input - max)) along the axis."""
    largest = _reduce(np.maximum, input, axis)
    np.subtract(input, largest, out=output)
    np.exp(output, out=output)
    norm = _reduce(np.add, output, axis, 'norm')
    np.log(norm, out=norm)
    np.subtract(input, largest, out=output)  # first, and exact: added to the logarithm it would cut that short
    np.subtract(output, norm, out=output)


def LogSoftMax_updateGradInput(output, gradOutput, gradInput, axis):
    """GradInput = gradOutput - exp(output) * sum of gradOutput along the axis."""
    total = _reduce(np.add, gradOutput, axis)
    np.exp(output, out=gradInput)
    np.multiply(gradInput, total, out=gradInput)
    np.subtract(gradOutput, gradInput, out=gradInput)


def _reduce(ufunc, array, axis, purpose='reduced'):
    shape = list(array.shape)
    shape[axis] = 1
    return ufunc.reduce(array, axis=axis, keepdims=True, out=scratch(purpose, shape, array.dtype))
