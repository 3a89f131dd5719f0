"""The fork: one input goes to every branch."""

from nnlite.nn.Container import Container
from nnlite.nn.Identity import Identity
from nnlite.nn.table import add_into, copy_into, sum_into


class ConcatTable(Container):
    """y = [f_1(x), f_2(x), ...]: every module gets the same input, and the outputs make a table.

    The input is used once for each branch, so its gradient is the sum over the branches. In a residual block, whose
    branches are f and the identity, this sum is the shortcut: gradInput = f's gradInput + gradOutput.

    Shapes: input what every module takes, an array or a table; output a table of their outputs.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> fork = nn.ConcatTable().add(nn.Identity()).add(nn.MulConstant(3))
    >>> x, grad = np.ones(2, np.float32), np.ones(2, np.float32)
    >>> _ = fork.forward(x)
    >>> fork.backward(x, [grad, grad])
    array([4., 4.], dtype=float32)

    Source: torch/nn, ConcatTable.lua.
    """

    def __init__(self):
        super().__init__()
        self.output = []  # Torch fills the one that a file holds

    def updateOutput(self, input):
        self.output = [self.rethrowErrors(index, 'updateOutput', input) for index in range(len(self.modules))]
        return self.output

    def updateGradInput(self, input, gradOutput):
        return self._back('updateGradInput', input, gradOutput)

    def accGradParameters(self, input, gradOutput, scale=1):
        for index in range(len(self.modules)):
            self.rethrowErrors(index, 'accGradParameters', input, gradOutput[index], scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        for index in range(len(self.modules)):
            self.rethrowErrors(index, 'accUpdateGradParameters', input, gradOutput[index], lr)

    def backward(self, input, gradOutput, scale=1):
        return self._back('backward', input, gradOutput, scale)

    def _back(self, method, input, gradOutput, *scale):
        self.expect_table(gradOutput, len(self.modules), 'gradOutput')
        total = first = None  # first: the only gradient up to now, where its branch left it
        # Each branch's gradient is added before the next branch runs: branches may share the memory of their gradients.
        # The identity, which most shortcuts are, runs nothing: nobody's memory changes.
        for index in range(len(self.modules)):
            if first is not None and type(self.modules[index]) is not Identity:
                first, total = None, copy_into(self, 'gradInput', first)
            grad = self.rethrowErrors(index, method, input, gradOutput[index], *scale)
            if grad is None:
                continue  # a first layer that nobody asks for it
            if total is not None:
                add_into(self, total, grad)
            elif first is not None:
                first, total = None, sum_into(self, 'gradInput', first, grad)
            else:
                first = grad
        self.gradInput = total if first is None else copy_into(self, 'gradInput', first)
        return self.gradInput
