"""What the layers have in common that copy a piece of their input."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.nn.table import zeros_like


class Piece(Module):
    """The base of nn.Select and nn.Narrow, which say what the piece of an array is, as a view: `_piece(array)`."""

    def updateOutput(self, input):
        self.expect(input)
        piece = self._piece(input)
        self.output = self.buffer('output', piece.shape, like=input)
        np.copyto(self.output, piece)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = zeros_like(self, 'gradInput', input)
        np.copyto(self._piece(self.gradInput), gradOutput)
        return self.gradInput
