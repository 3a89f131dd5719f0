"""What the layers have in common that choose one element along a dimension."""

import numpy as np

from nnlite.nn.reduction import Reduction, along
from nnlite.nn.table import zeros_like
from nnlite.tensor.devices import is_on_gpu


class Extremum(Reduction):
    """The base of nn.Max and nn.Min: the gradient goes to the element that was chosen, of equal ones the first.

    Class attributes that a layer sets:
        best: NumPy's function that returns the chosen element's value.
        place: NumPy's function that returns its index.
    """

    cleared = (*Reduction.cleared, '_indices')
    foreign = ('_output',)
    _indices = None

    def updateOutput(self, input):
        self.expect(input)
        axis = self._axis(input)
        self.output = self._reduced('output', input, axis)
        self._indices = self._reduced('indices', input, axis, np.int64)
        if is_on_gpu(input):  # CuPy 14's amin takes its `out` for a type
            np.copyto(along(axis, self.output, input), self.best(input, axis, keepdims=True))
        else:
            self.best(input, axis, keepdims=True, out=along(axis, self.output, input))
        self.place(input, axis, keepdims=True, out=along(axis, self._indices, input))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        axis = self._axis(input)
        self.gradInput = zeros_like(self, 'gradInput', input)
        indices, grads = along(axis, self._indices, input), along(axis, gradOutput, input)
        np.put_along_axis(self.gradInput, indices, grads, axis)
        return self.gradInput
