"""Losses that compare two inputs: what they share."""

import numpy as np

from nnlite.nn.Criterion import Criterion
from nnlite.nn.table import expect_alike


class Pair(Criterion):
    """The base of losses of a table of two arrays of one shape; their gradient is a table of two as well."""

    def __init__(self):
        super().__init__()
        self.gradInput = []

    def _pair(self, input):
        """Return the two inputs, or raise if they are not two of one shape."""
        expect_alike(self, input, 2)
        return input

    def _gradients(self, input):
        """Return the memory of the two gradients, which is gradInput from now on."""
        self.gradInput = [self.buffer(f'gradInput.{n}', part.shape, like=part) for n, part in enumerate(input)]
        return self.gradInput

    def write(self):
        return {**super().write(), 'gradInput': [np.zeros(1, self.dtype), np.zeros(1, self.dtype)]}  # for Torch to fill
