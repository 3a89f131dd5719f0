"""What the layers have in common that make one number of all along a dimension."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.tensor.dimensions import axis_of


class Reduction(Module):
    """The base of nn.Max, nn.Min and nn.Sum.

    Args:
        dimension: the dimension, counted from 1, or from -1 at the end; 1 by default.
        nInputDims: how many dimensions an input has without the batch's; inputs of one more are a batch, and the
            dimension is counted after it.
    """

    nInputDims = None

    def __init__(self, dimension=None, nInputDims=None):
        super().__init__()
        self.dimension = 1 if dimension is None else dimension
        self.nInputDims = nInputDims

    def _axis(self, input):
        return axis_of(self.dimension, input.ndim, self, self.nInputDims)

    def _reduced(self, name, input, axis, dtype=None):
        """Return memory for one result of each row along the axis, which a vector, of one row, keeps."""
        shape = input.shape[:axis] + input.shape[axis + 1 :]
        return self.buffer(name, shape or (1,), like=input, dtype=dtype)


def along(axis, reduced, input):
    """Return results as the input has its dimensions: with one of size 1 at the axis."""
    return reduced if reduced.ndim == input.ndim else np.expand_dims(reduced, axis)
