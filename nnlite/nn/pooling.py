"""What the pooling layers have in common: windows of pixels, and how many of them a map has."""

from nnlite.errors import ShapeError
from nnlite.nn.Module import Module
from nnlite.nn.spatial import expect_geometry, pooled_size


class Pooling(Module):
    """The base of nn.SpatialMaxPooling and nn.SpatialAveragePooling.

    Args:
        kW, kH: the window's width and height.
        dW, dH: the step from one window to the next.
        padW, padH: pixels put around the input, at most half a window, none by default.
    """

    foreign = ('iSize', 'mode')  # cudnn's
    padW = padH = 0
    ceil_mode = False

    def __init__(self, kW, kH, dW, dH, padW=None, padH=None):
        super().__init__()
        self.kW, self.kH = kW, kH
        self.dW, self.dH = dW, dH
        self.padW, self.padH = padW or 0, padH or 0
        self.ceil_mode = False

    def ceil(self):
        """Let the last window hang over the border; return the module."""
        self.ceil_mode = True
        return self

    def floor(self):
        """Leave out a last window that would hang over the border; return the module."""
        self.ceil_mode = False
        return self

    def _geometry(self):
        return (self.kH, self.kW), (self.dH, self.dW), (self.padH, self.padW)

    def _pooled_shape(self, batch):
        expect_geometry(self)
        if self.padW > self.kW // 2 or self.padH > self.kH // 2:
            raise ShapeError(f'expected padding of at most half a window, got {self.padW},{self.padH}', self._name())
        padded = self.padW > 0 or self.padH > 0
        sides = zip(batch.shape[2:], *self._geometry(), strict=True)
        sides = [pooled_size(*side, self.ceil_mode, padded) for side in sides]
        if min(sides) < 1:
            raise ShapeError(
                f'expected input of at least {self.kH} x {self.kW} pixels, got {batch.shape}', self._name()
            )
        return (*batch.shape[:2], *sides)

    def __repr__(self):
        padding = f', {self.padW},{self.padH}' if self.padW or self.padH else ''
        return f'nn.{type(self).__name__}({self.kW}x{self.kH}, {self.dW},{self.dH}{padding})'
