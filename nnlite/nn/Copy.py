"""The same numbers in another type."""

import numpy as np

from nnlite.nn.cast import cast
from nnlite.nn.Module import Module
from nnlite.tensor.devices import gpu
from nnlite.tensor.types import ON_GPU, dtype_of, host_type, type_of


class Copy(Module):
    """y = x, of any type, as an array of `outtype`; the gradient comes back in `intype`.

    From 'torch.FloatTensor' to 'torch.CudaTensor' numbers go to the GPU, and gradients come back from there.

    Args:
        intype: the type of gradInput, as 'torch.FloatTensor'; the default type by default.
        outtype: the type of y; the default type by default.
        forceCopy: whether y is a copy even where both types are the same, and not x itself; False by default.
        dontCast: whether the types stay when the module, or a network around it, is converted; False by default: both
            become the type that it is converted to.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Copy('torch.ByteTensor', 'torch.DoubleTensor').forward(np.uint8([0, 255]))
    array([  0., 255.])

    Raises:
        DtypeError: a type that Torch does not have.
        DeviceError: a Cuda type, where there is no GPU to use.

    Source: torch/nn, Copy.lua.
    """

    foreign = ('updateOutput', 'updateGradInput')  # closures, of one that passes its input on
    dontCast = None
    passes = False

    def __init__(self, intype=None, outtype=None, forceCopy=None, dontCast=None):
        super().__init__()
        self.intype, self.outtype = intype or self._type, outtype or self._type
        for typename in (self.intype, self.outtype):
            dtype_of(typename)
            if typename in ON_GPU:
                gpu()
        self.passes = not forceCopy and self.intype == self.outtype
        self.dontCast = dontCast

    @property
    def _type(self):
        """The type of the output; whoever converts the module sets it."""
        return self.outtype

    @_type.setter
    def _type(self, typename):
        if not self.dontCast:
            self.intype = self.outtype = typename

    def updateOutput(self, input):
        if self.passes:
            self.expect(input)
        self.output = input if self.passes else cast(self, 'input', input, self.outtype)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = gradOutput if self.passes else cast(self, 'gradOutput', gradOutput, self.intype)
        return self.gradInput

    def write(self):
        types = {name: host_type(vars(self)[name]) for name in ('intype', 'outtype')}
        gradInput = np.empty(0, dtype_of(self.intype))
        return {**super().write(), **types, '_type': types['outtype'], 'gradInput': gradInput}

    def read(self, fields, version=1):
        types = {name: type_of(fields[of]) for name, of in (('intype', 'gradInput'), ('outtype', 'output'))}
        vars(self).update(types)  # for what is emptied; and again, since reading sets the type of both
        super().read({name: value for name, value in fields.items() if name != '_type'}, version)
        vars(self).update(types)
        self.passes = self.passes or 'updateOutput' in fields
