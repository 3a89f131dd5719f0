"""A watch that takes the time."""

import time

from nnlite.nn.Decorator import Decorator


class Profile(Decorator):
    """y = f(x), and every so many passes a line says how long they took.

    Args:
        module: f.
        print_interval: after how many passes to print, 100 by default.
        name: what to call it, by default f's class.

    Source: torch/nn, Profile.lua.
    """

    foreign = ('module', 'timer')

    def __init__(self, module, print_interval=None, name=None):
        super().__init__(module)
        self.print_interval = 100 if print_interval is None else print_interval
        self.name = f'nn.{type(module).__name__}' if name is None else name
        self.numFwds = self.numBwds = 0
        self.summedFwdTime = self.summedBwdTime = 0

    @property
    def module(self):
        """The module whose time is taken."""
        return self.modules[0]

    def updateOutput(self, input):
        return self._timed('Fwd', 'forward', super().updateOutput, input)

    def updateGradInput(self, input, gradOutput):
        return self._timed('Bwd', 'backward', super().updateGradInput, input, gradOutput)

    def _timed(self, short, direction, function, *args):
        """Return what the function gives, and count its time in the fields of a direction."""
        count, total = f'num{short}s', f'summed{short}Time'
        start = time.perf_counter()
        result = function(*args)
        setattr(self, total, getattr(self, total) + time.perf_counter() - start)
        setattr(self, count, getattr(self, count) + 1)
        if getattr(self, count) % self.print_interval == 0:
            seconds = getattr(self, total)
            print(f'{self.name} took {seconds:.3f} seconds for {self.print_interval} {direction} passes')
            setattr(self, count, 0)
            setattr(self, total, 0)
        return result

    def write(self):
        return {**super().write(), 'module': self.module}
