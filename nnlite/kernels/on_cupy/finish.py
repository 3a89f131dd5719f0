"""What a convolution does with its sums before it writes them, each of which would be one pass over the map more."""

from typing import Any, NamedTuple

import numpy as np

from nnlite.kernels.on_cupy.launching import pointers
from nnlite.tensor.devices import gpu

FINISH = np.dtype([*((name, np.uint64) for name in ('bias', 'residual', 'moments')), ('rectifies', np.int64)])


class Finish(NamedTuple):
    """Output = sum + bias [+ residual], or 0 if that is below and it `rectifies`.

    Fields:
        bias: (outputs), C order, or None.
        residual: in memory like the output, or None.
        rectifies: whether it does; NaN stays.
        wants_moments: whether the way is to return the sums of the output and of its square, (blocks, 2, outputs),
            float64, over some of the pixels each; it returns None where that saves nothing.
    """

    bias: Any = None
    residual: Any = None
    rectifies: bool = False
    wants_moments: bool = False

    def moments(self, blocks, outputs):
        """Return memory for the moments that so many blocks leave, or None if nobody wants any.

        The kernels leave those of the sums alone: with a bias there are none.
        """
        if not self.wants_moments or self.bias is not None:
            return None
        return gpu().empty((blocks, 2, outputs), np.float64)

    def record(self, moments=None):
        """Return what the kernels are launched with."""
        return np.array((*pointers(self.bias, self.residual, moments), self.rectifies), FINISH)[()]

    def apply(self, output):
        """Do it to sums that have been written, for ways whose products are not ours: a pass over the map for each."""
        for term in (self.bias, self.residual):
            if term is not None:
                np.add(output, term, out=output)
        if self.rectifies:
            np.maximum(output, 0, out=output)


def add_scaled(total, gradWeight, scale):
    """GradWeight (outputs, planes, *kernel) += scale * total (outputs, *kernel * planes), which is lost."""
    np.multiply(total, scale, out=total)
    kernels = np.moveaxis(gradWeight, 1, -1)
    np.add(kernels, total.reshape(kernels.shape), out=kernels)
