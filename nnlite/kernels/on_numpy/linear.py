"""The three matrix products of a fully connected layer."""

import numpy as np

from nnlite.kernels.on_numpy.products import multiply
from nnlite.kernels.on_numpy.scratch import contiguous, scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows


def Linear_updateOutput(input, output, weight, bias):
    """Output (N, out) = input (N, in) @ weight^T + bias; weight (out, in), bias (out) or None."""
    multiply(contiguous(input, 'input'), weight.T, output)
    if bias is not None:
        np.add(output, bias, out=output)


def Linear_updateGradInput(gradOutput, gradInput, weight):
    """GradInput (N, in) = gradOutput (N, out) @ weight."""
    multiply(contiguous(gradOutput, 'gradOutput'), weight, gradInput)


def Linear_accGradParameters(input, gradOutput, gradWeight, gradBias, scale):
    """GradWeight += scale * gradOutput^T @ input; gradBias, or None, += scale * the sum of gradOutput's rows."""
    grads = contiguous(gradOutput, 'gradOutput')
    part = scratch('gradWeight', gradWeight.shape, gradWeight.dtype)
    multiply(grads.T, contiguous(input, 'input'), part)
    np.multiply(part, scale, out=part)
    np.add(gradWeight, part, out=gradWeight)
    if gradBias is not None:
        np.add(gradBias, scale * sum_of_rows(grads), out=gradBias, casting='same_kind')
