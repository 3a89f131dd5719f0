"""The sums of a residual block: of its two branches, and the ReLU of that; of their gradients."""

import numpy as np

from nnlite.tensor.threads import share_out


def CAddReLU_updateOutput(first, second, output):
    """Output = max(0, first + second), of arrays of one shape; output may be one of them.

    What is no number stays so, as in a ReLU in place.
    """

    def work(_, part):
        np.add(first[part], second[part], out=output[part])
        np.maximum(output[part], 0, out=output[part])

    share_out(work, len(output))


def CAdd_updateOutput(first, second, output):
    """Output = first + second, of arrays of one shape; output may be one of them."""

    def work(_, part):
        np.add(first[part], second[part], out=output[part])

    share_out(work, len(output))
