"""Scores become probabilities."""

from nnlite.errors import ShapeError
from nnlite.nn.transfer import Transfer


class SoftMax(Transfer):
    """y = exp(x) / sum of exp(x), over the classes.

    Shapes: (C), (N, C), (C, H, W) or (N, C, H, W), where C are the classes.

    Raises:
        ShapeError: the input has another number of dimensions.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SoftMax().forward(np.log(np.float32([1, 2, 5]))).round(4)
    array([0.125, 0.25 , 0.625], dtype=float32)

    Source: torch/nn, SoftMax.lua.
    """

    def _axis(self, input):
        if input.ndim not in (1, 2, 3, 4):
            raise ShapeError(f'expected input of 1 to 4 dimensions, got {input.shape}', where=self._name())
        return 1 - input.ndim % 2

    def _write_output(self, input, output):
        self.kernels.SoftMax_updateOutput(input, output, self._axis(input))

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.SoftMax_updateGradInput(self.output, gradOutput, gradInput, self._axis(input))
