"""A rectifier that learns its slope."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.transfer import Transfer
from nnlite.tensor.dimensions import sizes_of


class PReLU(Transfer):
    """y = x where x > 0, else weight x, with a weight for each plane or one for all.

    Args:
        nOutputPlane: the planes; one weight for whatever comes if None or 0.

    Shapes: input (N, nOutputPlane, ...) or (nOutputPlane); any without nOutputPlane. Weight (nOutputPlane) or (1), 0.25
    to begin with.

    Raises:
        ShapeError: the input has other planes.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.PReLU().forward(np.float32([-4, 2]))
    array([-1.,  2.], dtype=float32)

    Source: torch/nn, PReLU.lua; He et al., "Delving deep into rectifiers", 2015.
    """

    foreign = ('gradWeightBuf', 'gradWeightBuf2')

    def __init__(self, nOutputPlane=None):
        super().__init__()
        self.nOutputPlane = nOutputPlane or 0
        self.weight = np.full(sizes_of([self.nOutputPlane or 1], self), 0.25, self.dtype)
        self.gradWeight = np.zeros_like(self.weight)

    def _slopes(self, input):
        """Return the weight in the shape that it has along the input."""
        shape = [1] * input.ndim
        if self.nOutputPlane:
            axis = 1 if input.ndim > 1 else 0
            if input.shape[axis : axis + 1] != (self.nOutputPlane,):
                raise ShapeError(f'expected input of {self.nOutputPlane} planes, got {input.shape}', self._name())
            shape[axis] = self.nOutputPlane
        return self.weight.reshape(shape)

    def _write_output(self, input, output):
        self.kernels.LeakyReLU_updateOutput(input, output, self._slopes(input))

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.LeakyReLU_updateGradInput(input, gradOutput, gradInput, self._slopes(input))

    def accGradParameters(self, input, gradOutput, scale=1):
        shape = self._slopes(input).shape
        self.kernels.PReLU_accGradParameters(input, gradOutput, self.gradWeight, shape, scale)
