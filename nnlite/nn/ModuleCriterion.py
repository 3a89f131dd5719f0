"""A loss of what modules make of the output and of the target."""

import warnings

from nnlite.errors import Error, inside
from nnlite.nn.arguments import flag
from nnlite.nn.Criterion import Criterion
from nnlite.nn.Module import Module


class ModuleCriterion(Criterion):
    """loss = loss_1(f(x), g(y)).

    Args:
        criterion: loss_1.
        inputModule: f, or None to leave x as it is. Its parameters are not learnt.
        targetModule: g, or None to leave y as it is.
        castTarget: as in Torch, where it changes nothing: type() converts g as it does all else.

    Shapes: what the modules and the criterion take.

    Raises:
        Error: the criterion is none.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> criterion = nn.ModuleCriterion(nn.MSECriterion(), nn.Sqrt(), nn.Sqrt())
    >>> criterion.forward(np.float32([4, 9]), np.float32([4, 25]))
    2.0

    Source: torch/nn, ModuleCriterion.lua.
    """

    foreign = ('input', 'target')
    inputModule = targetModule = None

    def __init__(self, criterion, inputModule=None, targetModule=None, castTarget=None):
        super().__init__()
        if not isinstance(criterion, Criterion):
            raise Error(f'expected a criterion, got {type(criterion).__name__}', where=self._name())
        for module in (inputModule, targetModule):
            if module is not None and not isinstance(module, Module):
                raise Error(f'expected a module, got {type(module).__name__}', where=self._name())
        self.criterion = criterion
        self.inputModule, self.targetModule = inputModule, targetModule
        self.castTarget = flag(self, 'castTarget', castTarget, True)
        if inputModule is not None and inputModule.parameters()[0]:
            warnings.warn('nn.ModuleCriterion does not learn the parameters of its inputModule', stacklevel=2)

    def updateOutput(self, input, target=None):
        given = [
            self._run(name, 'forward', thing) for name, thing in (('inputModule', input), ('targetModule', target))
        ]
        self.output = self._run('criterion', 'forward', *given)
        return self.output

    def updateGradInput(self, input, target=None):
        given = [thing if module is None else module.output
                 for module, thing in ((self.inputModule, input), (self.targetModule, target))]  # fmt: skip
        self.gradInput = self._run('criterion', 'backward', *given)
        if self.inputModule is not None:
            self.gradInput = self._run('inputModule', 'backward', input, self.gradInput)
        return self.gradInput

    def _run(self, name, method, *given):
        """Call a method of one of the three parts; a module that is not there leaves what it is given as it is."""
        if getattr(self, name) is None:
            return given[0]
        with inside(f'{type(self).__name__}.{name}'):
            return getattr(getattr(self, name), method)(*given)
