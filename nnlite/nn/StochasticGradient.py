"""The trainer of Torch's first days: one example after the other."""

from nnlite.nn.arguments import flag, number
from nnlite.tensor.random import randperm


class StochasticGradient:
    """Train a module by a step after each example, the examples in one random order.

    Args:
        module: what to train.
        criterion: its loss.

    Attributes:
        learningRate: the size of a step, 0.01 at first.
        learningRateDecay: in iteration i, from the second on, steps are learningRate / (1 + i learningRateDecay); 0 at
            first.
        maxIteration: how many times to go through the data, 25 at first; without end if it is 0.
        shuffleIndices: whether to take the examples in random order, which one randperm draws; True at first.
        verbose: whether to print the mean error of every iteration; True at first.
        hookExample: if set, hookExample(trainer, example) is called after each example.
        hookIteration: if set, hookIteration(trainer, iteration, currentError) is called after each iteration.

    Files hold all of it but the hooks: no function in a file is ever run.

    Shapes: a data set is a sequence of pairs (input, target) of what the module and the criterion take.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> trainer = nn.StochasticGradient(nn.Linear(1, 1), nn.MSECriterion())
    >>> trainer.maxIteration, trainer.verbose = 10, False
    >>> trainer.train([(np.float32([x]), np.float32([2 * x])) for x in (-1, 0, 1)])  # doctest: +ELLIPSIS
    # StochasticGradient: training
    # StochasticGradient: you have reached the maximum number of iterations
    # training error = ...

    Source: torch/nn, StochasticGradient.lua.
    """

    hookExample = hookIteration = None

    def __init__(self, module, criterion):
        self.learningRate = 0.01
        self.learningRateDecay = 0
        self.maxIteration = 25
        self.shuffleIndices = True
        self.module = module
        self.criterion = criterion
        self.verbose = True

    def train(self, dataset):
        """Train on a sequence of examples, each a pair of an input and a target."""
        iteration, learningRate = 1, self.learningRate
        order = randperm(len(dataset)) - 1  # drawn in any case, as Torch does
        if not self.shuffleIndices:
            order.sort()
        print('# StochasticGradient: training')
        while True:
            currentError = sum(self._step(dataset[int(place)], learningRate) for place in order) / len(dataset)
            if self.hookIteration:
                self.hookIteration(self, iteration, currentError)
            if self.verbose:
                print(f'# current error = {currentError:.14g}')
            iteration += 1
            learningRate = self.learningRate / (1 + iteration * self.learningRateDecay)
            if 0 < self.maxIteration < iteration:
                break
        print('# StochasticGradient: you have reached the maximum number of iterations')
        print(f'# training error = {currentError:.14g}')

    def _step(self, example, learningRate):
        """Learn from an example; return its error."""
        input, target = example[0], example[1]
        error = self.criterion.forward(self.module.forward(input), target)
        gradOutput = self.criterion.backward(self.module.output, target)
        self.module.backwardUpdate(input, gradOutput, learningRate)
        if self.hookExample:
            self.hookExample(self, example)
        return error

    def write(self):
        """Return the fields that a file holds."""
        return {name: value for name, value in vars(self).items() if not name.startswith('hook')}

    def read(self, fields, version=1):
        """Take over the fields that a file holds; those that an old one lacks are as they are at first."""
        self.__init__(fields['module'], fields['criterion'])
        for name, value in self.write().items():
            if name not in ('module', 'criterion'):
                check = flag if isinstance(value, bool) else number
                setattr(self, name, check(self, name, fields.get(name), value))
