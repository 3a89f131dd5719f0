"""SoftMax and LogSoftMax on a GPU, each in one kernel; arrays may lie in any order that has no gaps."""

import math

import numpy as np

from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks
from nnlite.kernels.on_cupy.memory import inwards, placed_like, written

SOURCE = Source(
    'softmax.cu',
    *[f'softmax_{form}{way}<{{T}}>' for form in ('rows', 'columns') for way in ('', '_back')],
)


def SoftMax_updateOutput(input, output, axis):
    """Output = exp(input - max) / sum of exp(input - max) along the axis. Output may be the input."""
    _launch('', output, axis, (input,), False)


def SoftMax_updateGradInput(output, gradOutput, gradInput, axis):
    """GradInput = output * (gradOutput - sum of gradOutput * output along the axis)."""
    _launch('_back', gradInput, axis, (output, gradOutput), False)


def LogSoftMax_updateOutput(input, output, axis):
    """Output = input - max - log(sum of exp(input - max)) along the axis."""
    _launch('', output, axis, (input,), True)


def LogSoftMax_updateGradInput(output, gradOutput, gradInput, axis):
    """GradInput = gradOutput - exp(output) * sum of gradOutput along the axis."""
    _launch('_back', gradInput, axis, (output, gradOutput), True)


def _launch(way, result, axis, arrays, logarithm):
    """Write a result of arrays of its shape, in the form that the axis has in its memory."""
    with written(result, 'softmax') as to:
        arrays, classes = placed_like(to, arrays, 'softmax'), result.shape[axis]
        outer, inner = _around(to, axis)
        args = *arrays, to, logarithm, np.int64(outer * inner), classes
        if inner == 1:
            SOURCE.launch(f'softmax_rows{way}<{{T}}>', to.dtype, blocks(outer, THREADS // 32), THREADS, *args)
        else:
            grid = blocks(outer * inner)
            SOURCE.launch(f'softmax_columns{way}<{{T}}>', to.dtype, grid, THREADS, *args, np.int64(inner))


def _around(array, axis):
    """Return how many numbers lie outside an axis in a dense array's memory, and how many within."""
    axes = inwards(array)
    place = axes.index(axis % array.ndim)
    return tuple(math.prod(array.shape[other] for other in some) for some in (axes[:place], axes[place + 1 :]))
