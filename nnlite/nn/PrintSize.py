"""What comes by, its size printed."""

from nnlite.nn.Module import Module
from nnlite.nn.table import mapped


class PrintSize(Module):
    """y = x, an array or a table, and its size is printed on the way forth and on the way back.

    Args:
        prefix: what to print in front of it, 'PrintSize' by default.

    Shapes: input and output any one array or table.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> _ = nn.PrintSize('images').forward(np.zeros((2, 3)))
    images:input
    (2, 3)

    Source: torch/nn, PrintSize.lua.
    """

    def __init__(self, prefix=None):
        super().__init__()
        self.prefix = 'PrintSize' if prefix is None else prefix

    def updateOutput(self, input):
        self._print('input', input)
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        self._print('gradOutput', gradOutput)
        self.gradInput = gradOutput
        return self.gradInput

    def _print(self, name, thing):
        print(f'{self.prefix}:{name}\n{"missing size" if thing is None else mapped(_size, thing)}')


def _size(part):
    return getattr(part, 'shape', part)
