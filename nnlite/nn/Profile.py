"""A watch that takes the time."""

import time

from nnlite.nn.arguments import whole
from nnlite.nn.Decorator import Decorator


class Profile(Decorator):
    """y = f(x), and every so many passes a line says how long they took.

    Args:
        module: f.
        print_interval: after how many passes to print, 100 by default.
        name: what to call it, by default f's class.

    Shapes: those of the module inside.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net = nn.Profile(nn.Linear(4, 3), 100, 'first layer')
    >>> net.forward(np.zeros((8, 4), np.float32)).shape
    (8, 3)

    Source: torch/nn, Profile.lua.
    """

    foreign = ('module', 'timer')

    def __init__(self, module, print_interval=None, name=None):
        super().__init__(module)
        self.print_interval = 100 if print_interval is None else whole(self, 'print_interval', print_interval, 1)
        self.name = f'nn.{type(module).__name__}' if name is None else name
        self.numFwds = self.numBwds = 0
        self.summedFwdTime = self.summedBwdTime = 0

    @property
    def module(self):
        """The module whose time is taken."""
        return self.modules[0]

    def updateOutput(self, input):
        start = time.perf_counter()
        super().updateOutput(input)
        self.summedFwdTime += time.perf_counter() - start
        self.numFwds += 1
        if self.numFwds % self.print_interval == 0:
            self._print(self.summedFwdTime, 'forward')
            self.numFwds = self.summedFwdTime = 0
        return self.output

    def updateGradInput(self, input, gradOutput):
        start = time.perf_counter()
        super().updateGradInput(input, gradOutput)
        self.summedBwdTime += time.perf_counter() - start
        self.numBwds += 1
        if self.numBwds % self.print_interval == 0:
            self._print(self.summedBwdTime, 'backward')
            self.numBwds = self.summedBwdTime = 0
        return self.gradInput

    def _print(self, seconds, direction):
        print(f'{self.name} took {seconds:.3f} seconds for {self.print_interval} {direction} passes')

    def write(self):
        return {**super().write(), 'module': self.module}
