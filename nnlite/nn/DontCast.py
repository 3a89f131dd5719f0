"""A module that keeps its type, whatever the network around it is converted to."""

from nnlite.nn.cast import cast as convert
from nnlite.nn.Decorator import Decorator
from nnlite.nn.table import leaves
from nnlite.tensor.devices import is_array
from nnlite.tensor.types import FLOATING, dtype_of, host_type, type_of


class DontCast(Decorator):
    """y = f(x), where f keeps its type: DontCast's type is that of what comes and goes around it.

    Args:
        module: f.
        castin: whether the input is converted to f's type, and its gradient back.
        castout: whether the output is converted from f's type, and its gradient to it; as castin by default.
        moduleType: f's type, where it is not that of the module.

    Shapes: those of the module inside.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net = nn.DontCast(nn.Linear(2, 3).double(), True).float()
    >>> net.forward(np.float32([1, 2])).dtype, net.get(1).output.dtype
    (dtype('float32'), dtype('float64'))

    Source: torch/nn, DontCast.lua.
    """

    foreign = ('_input', '_gradOutput')
    keeps_type = True
    castin = castout = moduleType = None

    def __init__(self, module, castin=None, castout=None, moduleType=None):
        super().__init__(module)
        self.castin = castin
        self.castout = castin if castout is None else castout
        self.moduleType = moduleType
        if (self.castin or self.castout) and moduleType is None:
            self.moduleType = module.type()
        if self.moduleType is not None:
            dtype_of(self.moduleType)

    def updateOutput(self, input):
        output = super().updateOutput(self._inside('input', input, self.castin))
        self.output = self._outside('output', output, self.castout)
        return self.output

    def updateGradInput(self, input, gradOutput):
        gradInput = super().updateGradInput(*self._both(input, gradOutput))
        self.gradInput = self._outside('gradInput', gradInput, self.castin)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        super().accGradParameters(*self._both(input, gradOutput), scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        super().accUpdateGradParameters(*self._both(input, gradOutput), lr)

    def sharedAccUpdateGradParameters(self, input, gradOutput, lr):
        super().sharedAccUpdateGradParameters(*self._both(input, gradOutput), lr)

    def write(self):
        fields = super().write()
        return {**fields, 'moduleType': host_type(self.moduleType)} if self.moduleType is not None else fields

    def read(self, fields, version=1):
        super().read(fields, version)
        shown = [leaf for name in self.cleared for leaf in leaves(fields.get(name)) if is_array(leaf)]
        if self.castout or self.castin:
            self.moduleType = self.modules[0].type()
            # Torch converts the results, and forgets to say so.
            self._type = next((type_of(leaf) for leaf in shown if type_of(leaf) in FLOATING), self._type)

    def _both(self, input, gradOutput):
        inside = self._inside('input', input, self.castin)
        return inside, self._inside('gradOutput', gradOutput, self.castout)

    def _inside(self, name, tree, cast):
        """Return an array or table in the module's type, if that is asked for."""
        if cast and any(is_array(leaf) and type_of(leaf) != self.moduleType for leaf in leaves(tree)):
            return convert(self, name, tree, self.moduleType)
        return tree

    def _outside(self, name, tree, cast):
        """Return an array or table in the type of what is around, if that is asked for."""
        return convert(self, name, tree, self._type) if cast and tree is not None else tree
