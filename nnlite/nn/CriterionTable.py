"""A criterion as a module, which computes the loss within a network."""

from nnlite.errors import Error, inside
from nnlite.nn.Criterion import Criterion
from nnlite.nn.Module import Module


class CriterionTable(Module):
    """y = loss(x, target), a float, for a table of x and the target.

    Backward needs no gradOutput and takes no notice of one; it gives a table of the gradient with respect to x only.

    Args:
        criterion: the loss.

    Shapes: input, a table of an input and a target of the criterion, or, for one that needs none, of an input.

    Raises:
        Error: the criterion is none.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.CriterionTable(nn.MSECriterion()).forward([np.float32([1, 2]), np.float32([1, 4])])
    2.0

    Source: torch/nn, CriterionTable.lua.
    """

    def __init__(self, criterion):
        super().__init__()
        if not isinstance(criterion, Criterion):
            raise Error(f'expected a criterion, got {type(criterion).__name__}', where=self._name())
        self.criterion = criterion
        self.gradInput = []

    def updateOutput(self, input):
        self.expect_table(input, 1 if isinstance(input, list) and len(input) == 1 else 2)
        with inside(type(self).__name__):
            self.output = self.criterion.updateOutput(*input)
        return self.output

    def updateGradInput(self, input, gradOutput=None):
        with inside(type(self).__name__):
            self.gradInput = [self.criterion.updateGradInput(*input)]
        return self.gradInput

    def clearState(self):
        self.criterion.clearState()
        return super().clearState()
