"""What the fractional max poolings have in common: windows at random, in steps of a fraction on average."""

import math

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.nn.arguments import flag, number, whole
from nnlite.nn.maps import MapLayer
from nnlite.tensor.random import fill_uniform


class FractionalMaxPooling(MapLayer):
    """The base of nn.SpatialFractionalMaxPooling and nn.VolumetricFractionalMaxPooling.

    Args:
        kernel: the window's size, for each side in the order of `order`, which is that of the samples, too.
        out: the output's sizes, or, from 0 to 1, what they are to the input's.
    """

    order = 'WH'  # of the arguments and the random samples: the last side first
    cleared = (*MapLayer.cleared, 'indices')
    randomSamples = None

    def __init__(self, kernel, out):
        super().__init__()
        self.newRandomPool = False
        self.indices = np.empty(0, np.int64)
        name = 'out' if min(number(self, 'an output size', size) for size in out) >= 1 else 'ratio'
        for side, size, given in zip(self.order, kernel, out, strict=True):
            setattr(self, f'poolSize{side}', whole(self, f'poolSize{side}', size, 2))
            setattr(self, name + side, whole(self, name + side, given) if name == 'out' else given)
            if name == 'ratio' and not 0 < given < 1:
                raise Error(f'expected ratios between 0 and 1, or sizes, got {given}', where=type(self).__name__)

    def fixPoolingRegions(self, val=None):
        """Keep the windows of the last forward for the next ones, or, if val is False, draw new ones again.

        Return the module.
        """
        self.newRandomPool = flag(self, 'val', val, True)
        return self

    def _output_space(self, maps):
        sizes = []
        for side, size, pool in zip(self.sides, maps.shape[2:], self._each('poolSize'), strict=True):
            ratio = getattr(self, f'ratio{side}', None)
            out = getattr(self, f'out{side}') if ratio is None else math.floor(size * ratio)
            if out < 1 or out + pool > size:
                least = max(out, 1) + pool
                raise ShapeError(f'expected at least {least} pixels in {side}, got {size}', where=self._name())
            sizes.append(out)
        return sizes

    def _compute(self, maps, output):
        shape = *maps.shape[:2], len(self.order)
        if self.randomSamples is None or self.randomSamples.shape != shape:
            self.randomSamples = fill_uniform(self.xp.empty(shape, self.dtype))
        elif not self.newRandomPool:
            fill_uniform(self.randomSamples)
        samples, kernel = self.randomSamples[..., ::-1], self._each('poolSize')
        self.indices = self.buffer('indices', output.shape, like=output, dtype=np.int64)
        self.kernels.FractionalMaxPooling_updateOutput(maps, output, self.indices, samples, kernel)

    def _hand_back(self, grads, gradInput):
        indices, kernel = self._maps(self.indices), self._each('poolSize')
        self.kernels.FractionalMaxPooling_updateGradInput(grads, indices, gradInput, kernel)

    def updateOutput(self, input):
        super().updateOutput(input)
        self.indices = self._as_given(self.indices, input)
        return self.output

    def clearState(self):
        self.randomSamples = None
        return super().clearState()

    def __repr__(self):
        out = [getattr(self, f'out{side}', 0) for side in self.order]  # Torch, too, prints 0 for a ratio
        pool = ','.join(map(str, self._each('poolSize', self.order)))
        return f'nn.{type(self).__name__}({"x".join(map(str, out))}, {pool})'
