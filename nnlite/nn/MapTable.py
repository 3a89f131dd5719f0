"""One module for every element of a table."""

from nnlite.errors import Error
from nnlite.nn.ParallelTable import ParallelTable


class MapTable(ParallelTable):
    """y = [f(x_1), f(x_2), ...]: a clone of the module for each element, made when one is first needed.

    Args:
        module: f; it may also be added later.
        shared: whether the clones share their parameters, as they do by default, or have their own.

    Shapes: input a table of what the module takes; output a table of as many outputs.

    >>> from nnlite import nn
    >>> nn.MapTable(nn.Linear(4, 3))
    nn.MapTable {
      nn.Linear(4 -> 3)
    }

    Raises:
        Error: a second module is added.

    Source: torch/nn, MapTable.lua.
    """

    foreign = ('module',)
    shared = True
    sharedparams = ('weight', 'bias', 'gradWeight', 'gradBias')

    def __init__(self, module=None, shared=None):
        super().__init__()
        self.shared = True if shared is None else shared
        self.sharedparams = list(MapTable.sharedparams)
        if module is not None:
            self.add(module)

    @property
    def module(self):
        """The module that all others are clones of."""
        return self.modules[0] if self.modules else None

    def insert(self, module, index=None):
        """Take over the one module; return the container."""
        if self.modules:
            raise Error(f'expected a single module, got {module!r} too', where=self._name())
        return super().insert(module, index)

    def resize(self, n):
        """Have the module and its clones be n; return the container."""
        self._extend(n)
        del self.modules[max(n, 1) :]
        return self

    def _extend(self, n):
        self._expect_modules()
        while len(self.modules) < n:
            self.modules.append(self.module.clone(*(self.sharedparams if self.shared else ())))

    def updateOutput(self, input):
        self.expect_table(input)
        self._extend(len(input))
        self.output = self._each('updateOutput', input)
        return self.output

    def updateParameters(self, learningRate):
        for module in self.modules[:1] if self.shared else self.modules:
            module.updateParameters(learningRate)

    def clearState(self):
        del self.modules[1:]
        return super().clearState()

    def write(self):
        return {**super().write(), 'module': self.module}

    def __repr__(self):
        if self.module is None:
            return 'nn.MapTable { }'
        return 'nn.MapTable {\n  ' + repr(self.module).replace('\n', '\n        ') + '\n}'
