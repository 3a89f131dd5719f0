"""What layers from maps to maps have in common: a batch or a single one, of so many sides, and where results lie."""

import functools

from nnlite.nn.Module import Module
from nnlite.nn.spatial import as_given, batch_of


class MapLayer(Module):
    """The base of layers from (N, C, *space) to (N, C, *out), or from (C, *space) to (C, *out).

    A layer says by which letters its `sides` go, in the order of memory, and defines

    - `_output_space(maps)`: the sizes of the output's sides;
    - `_compute(maps, output)`: fills the output;
    - `_hand_back(grads, gradInput)`: fills gradInput.

    All of these are batches of maps, however the input was given.
    """

    sides = 'HW'
    axis = 1  # of the planes in a batch; 2 where frames come first

    def updateOutput(self, input):
        self._expect_input(input)
        maps = self._maps(input)
        shape = *maps.shape[:2], *self._output_space(maps)
        output = self.buffer('output', shape, like=maps, layout='map')
        self._compute(maps, output)
        self.output = self._as_given(output, input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if self.gradInput is not None:
            maps = self._maps(input)
            gradInput = self.buffer('gradInput', maps.shape, like=maps, layout='map')
            self._hand_back(self._maps(gradOutput), gradInput)
            self.gradInput = self._as_given(gradInput, input)
        return self.gradInput

    def empty(self):
        """Do what clearState does: its name in Torch's early versions."""
        return self.clearState()

    def _expect_input(self, input):
        shape = ('N', 'C', *self.sides) if self.axis == 1 else ('N', *self.sides, 'C')
        self.expect(input, shape, single=True)

    def _each(self, name, order=None):
        """Return the fields of this name: ('k') is (kH, kW), in the order of memory or in another."""
        return tuple([getattr(self, field) for field in _fields(name, order or self.sides, self.sides)])

    def _maps(self, array):
        """Return an input, or a gradOutput, as a batch of maps (N, C, *space)."""
        return batch_of(array, len(self.sides)).swapaxes(1, self.axis)

    def _as_given(self, maps, given):
        """Return a batch of maps as the input was given."""
        return as_given(maps.swapaxes(1, self.axis), given, len(self.sides))


@functools.cache
def _fields(name, order, sides):
    """Return the fields of a name for those sides of an order that a layer has."""
    return [name + side for side in order if side in sides]
