"""The step of stochastic gradient descent on a GPU: one pass over the parameters.

The roundings are those of NumPy's, in the same order: each family gives the same bits.
"""

import numpy as np

from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks
from nnlite.kernels.on_cupy.memory import as_double, is_aligned, is_dense, lies_like
from nnlite.kernels.on_numpy.scratch import contiguous
from nnlite.tensor.devices import is_on_gpu

SOURCE = Source('sgd.cu', 'sgd_step<{T}>')
BLOCKS = 2112  # at most, with which an H100 is full: threads go on from one number to another


def SGD_step(x, dfdx, velocity, rate, momentum, dampening, nesterov, weightDecay):
    """Take the step. Dfdx is spent: what it holds afterwards is not said.

    Formulas and shapes: as in NumPy's. The rate may be an array on the GPU, of one number: each launch of a CUDA graph
    in which this was captured takes the one that is there by then, and no step if it is NaN.
    """
    given = x, dfdx, velocity
    if is_dense(x) and lies_like(dfdx, x) and lies_like(velocity, x):
        arrays = given
    else:
        arrays = [contiguous(array, f'SGD_step {number}') for number, array in enumerate(given)]
    in_memory, rate = (as_double(rate), 0) if is_on_gpu(rate) else (None, rate)
    SOURCE.launch(
        'sgd_step<{T}>', x.dtype, min(blocks(x.size * x.itemsize, THREADS * 16), BLOCKS), THREADS, *arrays, in_memory,
        float(rate), float(momentum), float(1 - dampening), bool(nesterov), float(weightDecay), is_aligned(*arrays),
        np.int64(x.size),
    )  # fmt: skip
    for array, worked_on in zip(given, arrays, strict=True):
        if array is not worked_on and array is not dfdx:
            np.copyto(array, worked_on)
