"""Losses that are a sum of others: what they share."""

from nnlite.errors import Error, inside
from nnlite.nn.Criterion import Criterion
from nnlite.nn.table import add_into, copy_into, zeros_like


class WeightedSum(Criterion):
    """The base of losses that are a weighted sum of others, which may each look at something else."""

    def __init__(self):
        super().__init__()
        self.criterions = []
        self.weights = []

    def add(self, criterion, weight=None):
        """Append a criterion, with a weight of 1 by default; return this one."""
        if not isinstance(criterion, Criterion):
            raise Error(f'expected a criterion to add, got {type(criterion).__name__}', where=self._name())
        self.criterions.append(criterion)
        self.weights.append(1 if weight is None else weight)
        return self

    def updateOutput(self, input, target=None):
        self.output = 0.0
        for index, weight in enumerate(self.weights):
            self.output += weight * self._ask(index, 'updateOutput', input, target)
        return self.output

    def updateGradInput(self, input, target=None):
        self.gradInput = zeros_like(self, 'gradInput', input)
        for index, weight in enumerate(self.weights):
            grad = self._ask(index, 'updateGradInput', input, target)
            add_into(self, self._part(self.gradInput, index), copy_into(self, 'term', grad, weight))
        return self.gradInput

    def _ask(self, index, method, input, target):
        """Call a method of the criterion at `index`, from 0; an error that comes out of it learns where it was."""
        with inside(f'{type(self).__name__}[{index + 1}]'):
            return getattr(self.criterions[index], method)(self._part(input, index), self._target(target, index))

    def _part(self, input, index):
        """Return the part of the input that the criterion at `index` looks at."""
        return input

    def _target(self, target, index):
        """Return what that criterion holds it against."""
        return target
