"""One element, paired with each of a table."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.nn.table import add_into, expect_like, zeros_like


class ZipTableOneToMany(Module):
    """y = [[v, a], [v, b], [v, c]] for x = [v, [a, b, c]].

    Shapes: input [v, table]; output a table of as many pairs.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> v, a, b = np.float32([0]), np.float32([1]), np.float32([2])
    >>> nn.ZipTableOneToMany().forward([v, [a, b]])
    [[array([0.], dtype=float32), array([1.], dtype=float32)], [array([0.], dtype=float32), array([2.], dtype=float32)]]

    Source: torch/nn, ZipTableOneToMany.lua.
    """

    cleared = (*Module.cleared, 'gradInputEl')

    def __init__(self):
        super().__init__()
        self.output, self.gradInput = [], []
        self.gradInputEl = np.empty(0, self.dtype)

    def updateOutput(self, input):
        self.expect_table(input, 2)
        one, many = input
        self.expect_table(many, name='input[1]')
        self.output = [[one, other] for other in many]
        return self.output

    def updateGradInput(self, input, gradOutput):
        expect_like(self, gradOutput, self.output, 'gradOutput')
        self.gradInputEl = zeros_like(self, 'gradInputEl', input[0])
        for grad, _ in gradOutput:
            add_into(self, self.gradInputEl, grad)
        self.gradInput = [self.gradInputEl, [grad for _, grad in gradOutput]]
        return self.gradInput
