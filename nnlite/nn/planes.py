"""What layers that make a plane of each plane have in common: pooling, padding, up-sampling."""

from nnlite.nn.Module import Module
from nnlite.nn.spatial import as_given, batch_of


class Planewise(Module):
    """The base of layers from (N, C, *space) to (N, C, *out), or from (C, *space) to (C, *out).

    A layer says what its `sides` are called, one letter for each dimension of space, and defines

    - `_out(batch)`: the sizes of the planes of its output;
    - `_run(batch, output)`: fills the output;
    - `_back(gradOutput, gradInput)`: fills gradInput.
    """

    sides = 'HW'

    def updateOutput(self, input):
        self._expect(input)
        batch = self._batch(input)
        output = self.buffer('output', (*batch.shape[:2], *self._out(batch)), like=input, layout='map')
        self._run(batch, output)
        self.output = self._as_given(output, input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if self.gradInput is not None:
            gradInput = self.buffer('gradInput', self._batch(input).shape, like=input, layout='map')
            self._back(self._batch(gradOutput), gradInput)
            self.gradInput = self._as_given(gradInput, input)
        return self.gradInput

    def empty(self):
        """Do what clearState does: its name in Torch's early versions."""
        return self.clearState()

    def _sizes(self, name, sides=None):
        """Return the fields whose names begin so, one for each of the sides."""
        return tuple(getattr(self, name + side) for side in sides or self.sides)

    def _expect(self, input):
        self.expect(input, ('N', 'C', *self.sides), single=True)

    def _batch(self, planes):
        return batch_of(planes, len(self.sides))

    def _as_given(self, result, given):
        return as_given(result, given, len(self.sides))
