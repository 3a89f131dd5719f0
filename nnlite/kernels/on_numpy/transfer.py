"""Transfer functions: one number in, one number out."""

import numpy as np

from nnlite.kernels.on_numpy.masking import keep
from nnlite.kernels.on_numpy.scratch import scratch_like
from nnlite.kernels.on_numpy.spread import CAdd_accGradParameters


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
    above = scratch_like(array, 'mask', bool)
    if inplace:
        return np.logical_not(np.less_equal(array, threshold, out=above), out=above)
    return np.greater(array, threshold, out=above)


def Sigmoid_updateOutput(input, output):
    """Output = 1 / (1 + exp(-input)). Output may be the input."""
    np.negative(input, out=output)
    with np.errstate(over='ignore'):  # exp of a large number is inf, and 1 / inf is the 0 that is due
        np.exp(output, out=output)
    np.add(output, 1, out=output)
    np.reciprocal(output, out=output)


def Sigmoid_updateGradInput(output, gradOutput, gradInput):
    """GradInput = gradOutput * (1 - output) * output."""
    slope = scratch_like(output, 'slope')
    np.subtract(1, output, out=slope)
    np.multiply(slope, output, out=slope)
    np.multiply(gradOutput, slope, out=gradInput)


def Tanh_updateGradInput(output, gradOutput, gradInput):
    """GradInput = gradOutput * (1 - output^2)."""
    slope = scratch_like(output, 'slope')
    np.multiply(output, output, out=slope)
    np.subtract(1, slope, out=slope)
    np.multiply(gradOutput, slope, out=gradInput)


def Abs_updateGradInput(input, gradOutput, gradInput):
    """GradInput = gradOutput where input >= 0, else -gradOutput."""
    _scale_but(np.greater_equal(input, 0, out=scratch_like(input, 'mask', bool)), gradOutput, -1, out=gradInput)


def Sqrt_updateGradInput(output, gradOutput, gradInput):
    """GradInput = gradOutput / (2 * output), and 0 where the output is 0."""
    slope = scratch_like(output, 'slope')
    with np.errstate(divide='ignore'):
        np.divide(0.5, output, out=slope)
    keep(slope, np.not_equal(output, 0, out=scratch_like(output, 'mask', bool)), out=slope)
    np.multiply(gradOutput, slope, out=gradInput)


def HardTanh_updateOutput(input, output, least, most):
    """Output = input within the bounds, else the nearer of them. Output may be the input.

    As in THNN, what is no number becomes the upper bound, but stays in place, unless it is in a vector.
    """
    (np.minimum if output is input and input.ndim > 1 else np.fmin)(input, most, out=output)
    np.maximum(output, least, out=output)


def HardTanh_updateGradInput(input, gradOutput, gradInput, least, most):
    """GradInput = gradOutput where the input lies between the bounds, else 0; gradInput may be gradOutput."""
    outside = np.less_equal(input, least, out=scratch_like(input, 'mask', bool))
    above = np.greater_equal(input, most, out=scratch_like(input, 'above', bool))
    np.logical_or(outside, above, out=outside)
    keep(gradOutput, np.logical_not(outside, out=outside), out=gradInput)


def HardShrink_updateOutput(input, output, bound):
    """Output = input where it is farther from 0 than the bound, else 0."""
    keep(input, _is_beyond(input, bound), out=output)


def Shrink_updateGradInput(input, gradOutput, gradInput, bound):
    """GradInput = gradOutput where the input is farther from 0 than the bound, else 0."""
    keep(gradOutput, _is_beyond(input, bound), out=gradInput)


def _is_beyond(array, bound):
    beyond = np.greater(array, bound, out=scratch_like(array, 'mask', bool))
    below = np.less(array, -bound, out=scratch_like(array, 'below', bool))
    return np.logical_or(beyond, below, out=beyond)


def SoftPlus_updateOutput(input, output, beta, threshold):
    """Output = log(1 + exp(beta * input)) / beta, and the input itself where beta * input > threshold."""
    np.multiply(input, beta, out=output)
    linear = np.greater(output, threshold, out=scratch_like(output, 'mask', bool))
    np.minimum(output, threshold, out=output)  # so that no exponential overflows
    np.log1p(np.exp(output, out=output), out=output)
    np.divide(output, beta, out=output)
    np.copyto(output, input, where=linear)


def SoftPlus_updateGradInput(output, gradOutput, gradInput, beta, threshold):
    """GradInput = gradOutput * (1 - exp(-beta * output)), and gradOutput itself where beta * output > threshold."""
    slope = scratch_like(output, 'slope')
    np.multiply(output, -beta, out=slope)
    linear = np.less(slope, -threshold, out=scratch_like(output, 'mask', bool))
    np.negative(np.expm1(slope, out=slope), out=slope)
    np.copyto(slope, 1, where=linear)
    np.multiply(gradOutput, slope, out=gradInput)


def LogSigmoid_updateOutput(input, output):
    """Output = min(input, 0) - log(1 + exp(-|input|)), which is log(1 / (1 + exp(-input))) and never overflows."""
    np.negative(np.abs(input, out=output), out=output)
    np.log1p(np.exp(output, out=output), out=output)
    np.subtract(np.minimum(input, 0, out=scratch_like(input, 'below')), output, out=output)


def SoftSign_updateOutput(input, output):
    """Output = input / (1 + |input|)."""
    np.add(np.abs(input, out=output), 1, out=output)
    np.divide(input, output, out=output)


def SoftSign_updateGradInput(input, gradOutput, gradInput):
    """GradInput = gradOutput / (1 + |input|)^2."""
    width = scratch_like(input, 'slope')
    np.add(np.abs(input, out=width), 1, out=width)
    np.divide(gradOutput, width, out=gradInput)
    np.divide(gradInput, width, out=gradInput)


def ELU_updateOutput(input, output, alpha):
    """Output = input where input > 0, else alpha * (exp(input) - 1). Output may be the input."""
    below = np.minimum(input, 0, out=scratch_like(input, 'below'))
    np.multiply(np.expm1(below, out=below), alpha, out=below)
    np.add(np.maximum(input, 0, out=output), below, out=output)


def ELU_updateGradInput(output, gradOutput, gradInput, alpha):
    """GradInput = gradOutput * (output + alpha) where output <= 0, else gradOutput. GradInput may be gradOutput.

    As in THNN, what is no number is not <= 0.
    """
    slope = np.fmin(output, 0, out=scratch_like(output, 'slope'))
    np.add(slope, alpha, out=slope)
    _scale_but(_above(output, 0, inplace=True), gradOutput, slope, out=gradInput)


def LeakyReLU_updateOutput(input, output, slope):
    """Output = input where input > 0, else slope * input. Output may be the input.

    The slope is a number, or an array that goes with the input: nn.PReLU's, with one for each plane.
    """
    below = np.minimum(input, 0, out=scratch_like(input, 'below'))
    np.multiply(below, slope, out=below)
    np.add(np.maximum(input, 0, out=output), below, out=output)


def LeakyReLU_updateGradInput(reference, gradOutput, gradInput, slope):
    """GradInput = gradOutput where the reference (the input, or an in-place module's output) > 0, else slope times it.

    GradInput may be gradOutput. As in THNN, what is no number is not > 0, but in place slope is for what is <= 0.
    """
    _scale_but(_above(reference, 0, inplace=gradInput is gradOutput), gradOutput, slope, out=gradInput)


def PReLU_accGradParameters(input, gradOutput, gradWeight, shape, scale):
    """GradWeight += scale * the sum of input * gradOutput where input <= 0; shape is the weight's along the input."""
    mask = np.less_equal(input, 0, out=scratch_like(input, 'mask', bool))
    product = keep(gradOutput, mask, out=scratch_like(input, 'product'))
    np.multiply(np.fmin(input, 0, out=scratch_like(input, 'below')), product, out=product)
    CAdd_accGradParameters(product, gradWeight, shape, scale)


def _scale_but(mask, values, factor, out):
    """Out = values where the mask holds, else values * factor. Out may be the values; the mask is spent.

    Two passes over their bits are faster than one that asks for every number whether it is to be scaled.
    """
    unscaled = keep(values, mask, out=scratch_like(values, 'unscaled'))
    np.add(mask.view('i1'), 1, out=mask.view('i1'))  # -1 where it held, else 0: the mask of the others
    keep(values, mask, out=out)
    np.multiply(out, factor, out=out)
    np.add(out, unscaled, out=out)
