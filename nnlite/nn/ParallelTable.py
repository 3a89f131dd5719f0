"""Side by side: the i-th module gets the i-th input."""

from nnlite.nn.Container import Container


class ParallelTable(Container):
    """y = [f_1(x_1), f_2(x_2), ...] for a table x of as many inputs as there are modules.

    Shapes: input a table of what its modules take; output a table of what they give.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net = nn.ParallelTable().add(nn.Linear(4, 3)).add(nn.Identity())
    >>> [y.shape for y in net.forward([np.zeros((8, 4), np.float32), np.zeros((8, 5), np.float32)])]
    [(8, 3), (8, 5)]

    Source: torch/nn, ParallelTable.lua.
    """

    def __init__(self):
        super().__init__()
        self.output, self.gradInput = [], []  # Torch fills those that a file holds

    def updateOutput(self, input):
        self._expect_modules()
        self.expect_table(input, len(self.modules))
        self.output = self._each('updateOutput', input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = self._each('updateGradInput', input, gradOutput)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        self._each('accGradParameters', input, gradOutput, scale=scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self._each('accUpdateGradParameters', input, gradOutput, scale=lr)

    def backward(self, input, gradOutput, scale=1):
        self.gradInput = self._each('backward', input, gradOutput, scale=scale)
        return self.gradInput

    def _each(self, method, input, gradOutput=None, scale=None):
        """Return what a method of each module gives for its input, and for its gradient and the scale if there are."""
        if gradOutput is not None:
            if isinstance(gradOutput, list):  # Lua's table may end early: what CriterionTable gives does, at the target
                gradOutput = gradOutput + [None] * (len(input) - len(gradOutput))
            self.expect_table(gradOutput, len(input), 'gradOutput')
        last = () if scale is None else (scale,)
        rows = zip(input, strict=True) if gradOutput is None else zip(input, gradOutput, strict=True)
        return [self.rethrowErrors(index, method, *row, *last) for index, row in enumerate(rows)]
