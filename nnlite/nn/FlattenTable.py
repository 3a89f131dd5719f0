"""A table of tables, as one table."""

from nnlite.nn.Module import Module
from nnlite.nn.table import expect_like, leaves, mapped
from nnlite.tensor.devices import is_array
from nnlite.tensor.types import type_of


class FlattenTable(Module):
    """y = the arrays of nested tables as one table, in order: [a, [b, [c]]] becomes [a, b, c].

    Shapes: input a table of arrays and tables; output a table of all arrays.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.FlattenTable().forward([np.float32([1]), [np.float32([2]), [np.float32([3])]]])
    [array([1.], dtype=float32), array([2.], dtype=float32), array([3.], dtype=float32)]

    Source: torch/nn, FlattenTable.lua.
    """

    foreign = ('input_map',)

    def __init__(self):
        super().__init__()
        self.output, self.gradInput = [], []

    def updateOutput(self, input):
        self.expect_table(input)
        self.output = leaves(input)
        types = [type_of(part) for part in self.output if is_array(part) and part.dtype.kind == 'f']
        self._type = types[0] if types else self._type  # Torch's type() never reaches it: files may name another one
        return self.output

    def updateGradInput(self, input, gradOutput):
        expect_like(self, gradOutput, self.output, 'gradOutput')
        grads = iter(gradOutput)
        self.gradInput = mapped(lambda part: next(grads), input)
        return self.gradInput
