"""What nn.CMaxTable and nn.CMinTable have in common: which array of a table wins, element by element."""

import numpy as np

from nnlite.nn.Module import Module
from nnlite.nn.table import expect_alike


class ExtremeTable(Module):
    """The base of nn.CMaxTable and nn.CMinTable.

    Class attributes:
        beats: the comparison by which a later array wins; where two are equal, the first of them does.
        winners: the name of the field that holds which array won, counted from 1.
    """

    foreign = ('maskByteTensor',)

    def __init__(self):
        super().__init__()
        self.gradInput = []
        for name in set(self.cleared) - {'output', 'gradInput'}:  # buffers that Torch wants to find in files
            setattr(self, name, np.empty(0, self.dtype))

    def updateOutput(self, input):
        expect_alike(self, input)
        self.output = self.buffer('output', input[0].shape, like=input[0])
        winner = self.buffer(self.winners, input[0].shape, like=input[0])
        setattr(self, self.winners, winner)
        np.copyto(self.output, input[0])
        winner.fill(1)
        for number, part in enumerate(input[1:], 2):
            wins = self.beats(part, self.output, out=self._mask(part))
            np.copyto(self.output, part, where=wins)
            np.copyto(winner, number, where=wins)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = []
        for number, part in enumerate(input, 1):
            won = np.equal(getattr(self, self.winners), number, out=self._mask(part))
            grad = self.buffer(f'gradInput.{number}', part.shape, like=part)
            grad.fill(0)
            np.copyto(grad, gradOutput, where=won)
            self.gradInput.append(grad)
        return self.gradInput

    def _mask(self, like):
        return self.buffer('mask', like.shape, like=like, dtype=bool)
