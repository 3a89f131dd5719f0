"""The three matrix products of a fully connected layer: convolutions of maps of one pixel.

In single and double precision they are exact, by plain multiply-adds; in half precision they go as convolutions do.
cuBLAS, which CuPy has for them, cannot be captured in a CUDA graph.
"""

import numpy as np

from nnlite.kernels.on_cupy import fma
from nnlite.kernels.on_cupy.convolution import go, in_order
from nnlite.kernels.on_cupy.finish import Finish
from nnlite.kernels.on_cupy.geometry import Geometry
from nnlite.kernels.on_cupy.sums import add_sum_of_rows
from nnlite.kernels.on_numpy.scratch import contiguous


def Linear_updateOutput(input, output, weight, bias):
    """Output (N, out) = input (N, in) @ weight^T + bias; weight (out, in), bias (out) or None."""
    rows, finish = contiguous(input, 'input'), Finish(None if bias is None else contiguous(bias, 'bias'))
    with in_order(output, 'output') as result:
        _go('forward', rows, result, weight, finish, Geometry.of_product(*input.shape, len(weight)))


def Linear_updateGradInput(gradOutput, gradInput, weight):
    """GradInput (N, in) = gradOutput (N, out) @ weight."""
    grads = contiguous(gradOutput, 'gradOutput')
    with in_order(gradInput, 'gradInput') as result:
        _go('back', grads, result, weight, None, Geometry.of_product(*gradInput.shape, len(weight)))


def Linear_accGradParameters(input, gradOutput, gradWeight, gradBias, scale):
    """GradWeight += scale * gradOutput^T @ input; gradBias, or None, += scale * the sum of gradOutput's rows."""
    rows, grads = contiguous(input, 'input'), contiguous(gradOutput, 'gradOutput')
    _go('weight_gradient', rows, grads, gradWeight, scale, Geometry.of_product(*input.shape, len(gradWeight)))
    if gradBias is not None:
        add_sum_of_rows(grads, gradBias, scale)


def _go(name, *args):
    if args[0].dtype == np.float16:
        go(name, *args)
    else:
        getattr(fma, name)(*args)
