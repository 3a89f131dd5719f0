"""The three matrix products of a fully connected layer."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import contiguous, scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows
from nnlite.tensor.threads import share_out

SMALL = 1 << 18  # multiplications, up to which OpenBLAS does not wake its threads either


def Linear_updateOutput(input, output, weight, bias):
    """Output (N, out) = input (N, in) @ weight^T + bias; weight (out, in), bias (out) or None."""
    _multiply(contiguous(input, 'input'), weight.T, output)
    if bias is not None:
        np.add(output, bias, out=output)


def Linear_updateGradInput(gradOutput, gradInput, weight):
    """GradInput (N, in) = gradOutput (N, out) @ weight."""
    _multiply(contiguous(gradOutput, 'gradOutput'), weight, gradInput)


def Linear_accGradParameters(input, gradOutput, gradWeight, gradBias, scale):
    """GradWeight += scale * gradOutput^T @ input; gradBias, or None, += scale * the sum of gradOutput's rows."""
    grads = contiguous(gradOutput, 'gradOutput')
    part = scratch('gradWeight', gradWeight.shape, gradWeight.dtype)
    _multiply(grads.T, contiguous(input, 'input'), part)
    np.multiply(part, scale, out=part)
    np.add(gradWeight, part, out=gradWeight)
    if gradBias is not None:
        np.add(gradBias, scale * sum_of_rows(grads), out=gradBias, casting='same_kind')


def _multiply(a, b, out):
    """Out (rows, columns) = a @ b, shared out along the longer side.

    OpenBLAS's own threads would spin for a tenth of a second once they have nothing more to do, on cores that the next
    layer's threads need: they double the time of several convolutions.
    """
    rows, columns = out.shape
    if out.size * a.shape[1] <= SMALL:
        np.matmul(a, b, out=out)
    elif rows >= columns:
        share_out(lambda part, piece: np.matmul(a[piece], b, out=out[piece]), rows)
    else:
        share_out(lambda part, piece: np.matmul(a, b[:, piece], out=out[:, piece]), columns)
