"""The base of modules that wrap another one."""

from nnlite.nn.Container import Container


class Decorator(Container):
    """y = f(x), where f is the module inside: a wrapper changes what it wants to, and leaves the rest to this class.

    Args:
        module: f.

    Shapes: those of the module inside.

    >>> from nnlite import nn
    >>> nn.Decorator(nn.Linear(4, 3))
    nn.Decorator @ nn.Linear(4 -> 3)

    Source: torch/nn, Decorator.lua.
    """

    def __init__(self, module):
        super().__init__()
        self.add(module)

    def updateOutput(self, input):
        self.output = self.rethrowErrors(0, 'updateOutput', input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = self.rethrowErrors(0, 'updateGradInput', input, gradOutput)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        self.rethrowErrors(0, 'accGradParameters', input, gradOutput, scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self.rethrowErrors(0, 'accUpdateGradParameters', input, gradOutput, lr)

    def sharedAccUpdateGradParameters(self, input, gradOutput, lr):
        self.rethrowErrors(0, 'sharedAccUpdateGradParameters', input, gradOutput, lr)

    def __repr__(self):
        return f'nn.{type(self).__name__} @ {self.modules[0]!r}'

    @staticmethod
    def decorate(cls):
        """Give a class that is no Decorator, but a container of one module, all that a Decorator does."""
        for name in ('updateOutput', 'updateGradInput', 'accGradParameters', 'accUpdateGradParameters',
                     'sharedAccUpdateGradParameters', '__repr__'):  # fmt: skip
            setattr(cls, name, getattr(Decorator, name))
