"""A watch for NaN."""

import itertools

import numpy as np

from nnlite.errors import Error
from nnlite.nn.Decorator import Decorator
from nnlite.nn.table import leaves
from nnlite.tensor.devices import is_array

_ids = itertools.count(1)


class NaN(Decorator):
    """y = f(x), and an error as soon as there is a NaN, which says whether it came in or was made here.

    Args:
        module: f.
        id: what to call it in messages; by default a number, the next one of this process.

    Shapes: those of the module inside.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.NaN(nn.MulConstant(float('nan')), 'watch').forward(np.float32([1]))
    Traceback (most recent call last):
    nnlite.errors.Error: in NaN(watch) @ MulConstant
      expected output without NaN, got NaN

    Raises:
        Error: there is a NaN.

    Source: torch/nn, NaN.lua.
    """

    def __init__(self, module, id=None):
        super().__init__(module)
        self.id = self.newId() if id is None else id

    @staticmethod
    def newId():
        """Return the next number."""
        return next(_ids)

    def updateOutput(self, input):
        super().updateOutput(input)
        self._watch(output=self.output, input=input, parameters=self.parameters()[0])
        return self.output

    def updateGradInput(self, input, gradOutput):
        super().updateGradInput(input, gradOutput)
        self._watch(gradInput=self.gradInput, gradOutput=gradOutput)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        super().accGradParameters(input, gradOutput, scale)
        self._watch(gradParameters=self.parameters()[1])

    def recursiveIsNaN(self, tensor):
        """Return whether there is a NaN in an array, or in a table of them."""
        return any(is_array(leaf) and leaf.size > 0 and bool(np.isnan(leaf.min())) for leaf in leaves(tensor))

    def _watch(self, **watched):
        """Raise if there is a NaN in the first of these; say in which of the others it was before, if it was."""
        (result, first), *causes = watched.items()
        if self.recursiveIsNaN(first):
            name = next((name for name, cause in causes if self.recursiveIsNaN(cause)), result)
            raise Error(f'expected {name} without NaN, got NaN', where=self._name())

    def __repr__(self):
        return f'nn.NaN({self.id}) @ {self.modules[0]!r}'
