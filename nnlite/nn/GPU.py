"""A module on a GPU of its own."""

from nnlite.nn.arguments import whole
from nnlite.nn.Decorator import Decorator


class GPU(Decorator):
    """y = f(x), where f is the module inside, which Torch puts on one of several GPUs; here it stays where it is.

    Args:
        module: f.
        device: the number of the GPU that f is to compute on.
        outdevice: that of the GPU that y is to be on; `device` by default.

    Shapes: those of the module inside.

    >>> from nnlite import nn
    >>> nn.GPU(nn.Linear(4, 3), 1)
    nn.GPU(1) @ nn.Linear(4 -> 3)

    Raises:
        Error: the device is no number.

    Source: torch/nn, GPU.lua.
    """

    foreign = ('_input', '_gradOutput')

    def __init__(self, module, device, outdevice=None):
        super().__init__(module)
        self.device = whole(self, 'device', device)
        self.outdevice = self.device if outdevice is None else whole(self, 'outdevice', outdevice)

    def setDevice(self, device=None):
        """Choose another GPU; return the module."""
        self.device = self.device if device is None else device
        return self

    def __repr__(self):
        return f'nn.GPU({self.device}) @ {self.modules[0]!r}'
