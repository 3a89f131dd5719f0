"""The products of a bilinear layer, one output after the other: each has a matrix of its own between the two inputs."""

import numpy as np

from nnlite.kernels.on_numpy.reduction import DotProduct_updateOutput
from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows


def Bilinear_updateOutput(input1, input2, output, weight, bias):
    """Output (N, out) = input1 (N, in1) @ weight[k] @ input2 (N, in2), for each k, + bias; weight (out, in1, in2)."""
    part = scratch('part', input2.shape, input2.dtype)
    for k, matrix in enumerate(weight):
        np.matmul(input1, matrix, out=part)
        DotProduct_updateOutput(part, input2, output[:, k : k + 1])
    if bias is not None:
        np.add(output, bias, out=output)


def Bilinear_updateGradInput(input1, input2, gradOutput, gradInput1, gradInput2, weight):
    """GradInput1 = the sum over k of gradOutput[:, k] * input2 @ weight[k]^T; gradInput2 alike, input1 @ weight[k]."""
    for other, gradInput, matrices in ((input2, gradInput1, weight.mT), (input1, gradInput2, weight)):
        gradInput.fill(0)
        part = scratch('part', gradInput.shape, gradInput.dtype)
        for k, matrix in enumerate(matrices):
            np.matmul(other, matrix, out=part)
            np.multiply(part, gradOutput[:, k : k + 1], out=part)
            np.add(gradInput, part, out=gradInput)


def Bilinear_accGradParameters(input1, input2, gradOutput, gradWeight, gradBias, scale):
    """GradWeight[k] += (gradOutput[:, k] * input1)^T @ input2, scale or not; gradBias += scale * gradOutput's sum."""
    part = scratch('part', input1.shape, input1.dtype)
    product = scratch('product', gradWeight.shape[1:], gradWeight.dtype)
    for k, grad in enumerate(gradWeight):
        np.multiply(input1, gradOutput[:, k : k + 1], out=part)
        np.add(grad, np.matmul(part.T, input2, out=product), out=grad)
    if gradBias is not None:
        np.add(gradBias, scale * sum_of_rows(gradOutput), out=gradBias, casting='same_kind')
