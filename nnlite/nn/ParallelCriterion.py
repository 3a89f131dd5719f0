"""A loss for each of several outputs."""

from nnlite.nn.weighted_sum import WeightedSum


class ParallelCriterion(WeightedSum):
    """loss = w_1 loss_1(x_1, y_1) + w_2 loss_2(x_2, y_2) + ...

    Args:
        repeatTarget: whether there is one target, which every criterion is given.

    Shapes: input, a table of what its criterions take; target, a table, too, unless repeatTarget. What comes after the
    last criterion's counts for nothing.

    Raises:
        Error: what is added is no criterion.
        ShapeError: a table has less elements than there are criterions.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> criterion = nn.ParallelCriterion().add(nn.MSECriterion(), 0.5).add(nn.ClassNLLCriterion())
    >>> criterion.forward([np.float32([3]), np.float32([[-1, -2]])], [np.float32([1]), 2])
    4.0

    Source: torch/nn, ParallelCriterion.lua.
    """

    repeatTarget = None

    def __init__(self, repeatTarget=None):
        super().__init__()
        self.gradInput = []
        self.repeatTarget = repeatTarget

    def updateOutput(self, input, target=None):
        self._expect_enough(input, 'input')
        if not self.repeatTarget:
            self._expect_enough(target, 'target')
        return super().updateOutput(input, target)

    def _expect_enough(self, table, name):
        if not isinstance(table, list) or len(table) < len(self.criterions):
            self.expect_table(table, len(self.criterions), name)

    def _part(self, input, index):
        return input[index]

    def _target(self, target, index):
        return target if self.repeatTarget else target[index]
