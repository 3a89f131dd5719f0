"""Transfer functions: one number in, one number out."""

import numpy as np

from nnlite.kernels.on_numpy.masking import keep
from nnlite.kernels.on_numpy.scratch import scratch


def Threshold_updateOutput(input, output, threshold, value):
    """Output = input where input > threshold, else value. Output may be the input.

    As in THNN, what is no number becomes the value, but stays in place, where only input <= threshold is overwritten.
    """
    inplace = output is input
    if threshold == 0 and value == 0:
        (np.maximum if inplace else np.fmax)(input, 0, out=output)  # maximum hands NaN on, fmax does not
        return
    above = _above(input, threshold, inplace)
    if not inplace:
        np.copyto(output, input)
    np.copyto(output, value, where=np.logical_not(above, out=above))


def Threshold_updateGradInput(reference, gradOutput, gradInput, threshold):
    """GradInput = gradOutput where the reference (the input, or an in-place module's output) > threshold, else 0."""
    keep(gradOutput, _above(reference, threshold, inplace=gradInput is gradOutput), out=gradInput)


def _above(array, threshold, inplace):
    """Return where the array is above the threshold, as scratch memory; what is no number is so in place only."""
    above = _like(array, 'mask', bool)
    if inplace:
        return np.logical_not(np.less_equal(array, threshold, out=above), out=above)
    return np.greater(array, threshold, out=above)


def Sigmoid_updateOutput(input, output):
    """Output = 1 / (1 + exp(-input))."""
    np.negative(input, out=output)
    with np.errstate(over='ignore'):  # exp of a large number is inf, and 1 / inf is the 0 that is due
        np.exp(output, out=output)
    np.add(output, 1, out=output)
    np.reciprocal(output, out=output)


def Sigmoid_updateGradInput(output, gradOutput, gradInput):
    """GradInput = gradOutput * (1 - output) * output."""
    slope = _like(output, 'slope', output.dtype)
    np.subtract(1, output, out=slope)
    np.multiply(slope, output, out=slope)
    np.multiply(gradOutput, slope, out=gradInput)


def Tanh_updateGradInput(output, gradOutput, gradInput):
    """GradInput = gradOutput * (1 - output^2)."""
    slope = _like(output, 'slope', output.dtype)
    np.multiply(output, output, out=slope)
    np.subtract(1, slope, out=slope)
    np.multiply(gradOutput, slope, out=gradInput)


def _like(array, purpose, dtype):
    """Return scratch memory whose axes lie in the order of the array's, so that one pass runs through both."""
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    flat = scratch(purpose, [array.shape[axis] for axis in order], dtype)
    return flat.transpose([order.index(axis) for axis in range(array.ndim)])
