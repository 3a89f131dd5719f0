"""What the layers have in common that compare two arrays row by row."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.nn.table import room_like


class RowPairs(Module):
    """The base of nn.DotProduct, nn.CosineDistance and nn.PairwiseDistance.

    A layer says how rows are compared, in `_compare(a, b, output)`, and what their gradients are, in
    `_spread(a, b, gradOutput, gradA, gradB)`: rows are (N, D), what there is one of for each (N, 1).

    Shapes: input [(N, D), (N, D)], output (N); or [(D), (D)] and (1).
    """

    def __init__(self):
        super().__init__()
        self.gradInput = []

    def updateOutput(self, input):
        self.expect_table(input, 2)
        self.expect(input[0], ('N', 'D'), 'input[0]', single=True)
        self.expect(input[1], input[0].shape, 'input[1]')
        a, b = map(np.atleast_2d, input)
        self.output = self.buffer('output', (len(a),), like=a)
        self._compare(a, b, self.output[:, None])
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = room_like(self, 'gradInput', input)
        a, b = map(np.atleast_2d, input)
        self._spread(a, b, gradOutput[:, None], *map(np.atleast_2d, self.gradInput))
        return self.gradInput
