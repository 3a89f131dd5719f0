"""What a step leaves behind for whoever asks how the training goes, without waiting for the GPU."""

import numpy as np

from nnlite.kernels.on_cupy.launching import MOST_THREADS, THREADS, Source, blocks
from nnlite.kernels.on_numpy.scratch import contiguous
from nnlite.tensor.devices import on_gpu

_BLOCKS = 1024  # with what is left over from these a thread goes on
_source = Source('account.cu', 'look<{T}>', 'enter_step<{T}>')


def look(numbers, counts):
    """Set counts[3] if any of the numbers, a vector, is NaN or infinite.

    Args:
        numbers: an array in C order.
        counts: int64 (4): good steps, labels among the top 1 and 5 in them, whether there was a fault.
    """
    grid = min(blocks(numbers.size), _BLOCKS)
    _source.launch('look<{T}>', numbers.dtype, grid, THREADS, numbers, np.int64(numbers.size), counts)


@on_gpu
def enter_step(output, labels, loss, losses, rates, counts):
    """Enter a step whose loss is finite, if there was no fault until now; else note the fault.

    Args:
        output: scores (N, C).
        labels: int64 (N), from 1.
        loss: float64 ().
        losses: float64 (M), gets it at the place of the step.
        rates: float64 (3): the rate of the optimizer as it is to be, NaN, and, to be written, that of the two which
            the step gets: NaN if there was a fault.
        counts: as for look.
    """
    output = contiguous(output, 'scores')
    arrays = loss, losses, rates, counts
    _source.launch('enter_step<{T}>', output.dtype, 1, MOST_THREADS, output, labels, *output.shape, *arrays)
