"""Vectors of length 1."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.arguments import number
from nnlite.nn.Module import Module


class Normalize(Module):
    """y = x / (sum of |x|^p + eps)^(1/p), each row divided by its p-norm; for a p of infinity, by max |x| + eps.

    Args:
        p: which norm, any number above 0.
        eps: keeps the norm away from 0, 1e-10 by default.

    Shapes: input and output (N, D) or (D).

    Raises:
        Error: p is not above 0.
        ShapeError: the input has more dimensions.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Normalize(2).forward(np.float32([3, 4]))
    array([0.6, 0.8], dtype=float32)

    Source: torch/nn, Normalize.lua.
    """

    cleared = (*Module.cleared, 'norm')
    foreign = ('_output', '_indices', '_gradInput', 'buffer', 'buffer2', 'normp', 'cross')

    def __init__(self, p, eps=None):
        super().__init__()
        self.p = number(self, 'p', p)
        self.eps = number(self, 'eps', eps, 1e-10)
        if not self.p > 0:
            raise Error(f'expected a norm p above 0, got {p}', where='Normalize')
        self.norm = np.empty(0, self.dtype)

    def updateOutput(self, input):
        self.expect(input, ('N', 'D'), single=True)
        rows = np.atleast_2d(input)
        self.output = self.buffer('output', input.shape, like=input)
        self.norm = self.buffer('norm', (len(rows), 1), like=input)
        self.kernels.Normalize_updateOutput(rows, np.atleast_2d(self.output), self.norm, self.p, self.eps)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        rows = [np.atleast_2d(array) for array in (input, gradOutput, self.norm, self.gradInput)]
        self.kernels.Normalize_updateGradInput(*rows, self.p, self.eps)
        return self.gradInput

    def __repr__(self):
        return f'nn.Normalize({self.p:.0f})' if self.p % 1 == 0 else f'nn.Normalize({self.p:f})'
