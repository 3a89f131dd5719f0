"""The sums of a residual block: of its two branches, and the ReLU of that; of their gradients; copies and fillings."""

import numpy as np

from nnlite.tensor.memory import as_they_lie
from nnlite.tensor.threads import share_out

SMALL = 1 << 16  # numbers: with fewer, one is done before threads have begun


def CAddReLU_updateOutput(first, second, output):
    """Output = max(0, first + second), of arrays of one shape; output may be one of them.

    What is no number stays so, as in a ReLU in place.
    """

    def work(_, part):
        np.add(first[part], second[part], out=output[part])
        np.maximum(output[part], 0, out=output[part])

    _share_out(work, output)


def CAdd_updateOutput(first, second, output):
    """Output = first + second, of arrays of one shape; output may be one of them."""

    def work(_, part):
        np.add(first[part], second[part], out=output[part])

    _share_out(work, output)


def Copy_updateOutput(input, output):
    """Output = input, of arrays of one shape, each of which may be a part of a larger one."""

    def work(_, part):
        target, source = as_they_lie(output[part], input[part])
        np.copyto(target, source)

    _share_out(work, output)


def Fill_updateOutput(output, value):
    """Output = a number everywhere, of an array that may be a part of a larger one."""

    def work(_, part):
        (target,) = as_they_lie(output[part])
        target.fill(value)

    _share_out(work, output)


def _share_out(work, output):
    if output.size < SMALL:
        work(0, slice(None))
    else:
        share_out(work, len(output))
