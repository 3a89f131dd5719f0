"""The p-norm of neighbouring features."""

from nnlite.errors import Error, ShapeError
from nnlite.nn.arguments import flag, number, whole
from nnlite.nn.Module import Module


class FeatureLPPooling(Module):
    """y = (sum of x^p)^(1/p) over each `width` features, of which the first stands `stride` after the one before.

    Args:
        width: how many features are taken together, 2 to 16.
        stride: the step from one group to the next, 1 to 4.
        power: p.
        batch_mode: whether the input's first dimension is a batch's, False by default.

    Shapes: input (F,), (F, A) or (F, A, B), and with N in front in batch mode; output alike, with
    (F - width) // stride + 1 for F.

    Raises:
        ShapeError: the input has less than `width` features.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.FeatureLPPooling(2, 1, 2).forward(np.float32([3, 4, 0]))
    array([5., 4.], dtype=float32)

    Source: torch/nn, FeatureLPPooling.lua.
    """

    def __init__(self, width, stride, power, batch_mode=None):
        super().__init__()
        for name, value, most in (('width', width, range(2, 17)), ('stride', stride, range(1, 5))):
            if whole(self, name, value) not in most:
                message = f'expected a {name} from {most.start} to {most.stop - 1}, got {value}'
                raise Error(message, where='FeatureLPPooling')
        self.width, self.stride = width, stride
        self.power = number(self, 'power', power)
        if not self.power > 0:
            raise Error(f'expected a power above 0, got {power}', where='FeatureLPPooling')
        self.batch_mode = flag(self, 'batch_mode', batch_mode)

    def _groups(self, array):
        """Return an array as (F, ...)."""
        return array.swapaxes(0, 1) if self.batch_mode else array

    def updateOutput(self, input):
        shape = ('N',) * self.batch_mode + ('F', 'A', 'B')
        rank = getattr(input, 'ndim', 0)
        self.expect(input, shape[:rank] if rank > self.batch_mode else shape)
        features = input.shape[self.batch_mode]
        if features < self.width:
            raise ShapeError(f'expected at least {self.width} features, got {features}', where=self._name())
        shape = list(input.shape)
        shape[self.batch_mode] = (features - self.width) // self.stride + 1
        self.output = self.buffer('output', shape, like=input)
        self.kernels.FeatureLPPooling_updateOutput(
            self._groups(input), self._groups(self.output), self.width, self.stride, self.power
        )
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        arrays = (self._groups(array) for array in (input, gradOutput, self.output, self.gradInput))
        self.kernels.FeatureLPPooling_updateGradInput(*arrays, self.width, self.stride, self.power)
        return self.gradInput

    def __repr__(self):
        sizes = f'w{self.width} s{self.stride} power {int(self.power)} batch {int(self.batch_mode)}'
        return f'nn.FeatureLPPooling({sizes})'
