"""Local response normalization across the planes of maps."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.arguments import number
from nnlite.nn.Module import Module
from nnlite.nn.spatial import as_given, batch_of


class SpatialCrossMapLRN(Module):
    """y[c] = x[c] / (k + alpha / size * sum of x[d]^2)^beta, over the `size` planes d around c, pixel by pixel.

    Args:
        size: how many neighbouring planes count, c among them: an odd number.
        alpha: 1e-4 by default.
        beta: 0.75 by default.
        k: 1 by default.

    Shapes: input and output (N, C, H, W) or (C, H, W).

    Raises:
        Error: an even size.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialCrossMapLRN(3, 3, 1).forward(np.ones((4, 1, 1), np.float32)).ravel().round(3)
    array([0.333, 0.25 , 0.25 , 0.333], dtype=float32)

    Source: torch/nn, SpatialCrossMapLRN.lua; Krizhevsky and others, "ImageNet classification with deep convolutional
    neural networks", 2012.
    """

    cleared = (*Module.cleared, 'scale')
    foreign = ('paddedRatio', 'accumRatio')

    def __init__(self, size, alpha=None, beta=None, k=None):
        super().__init__()
        if not isinstance(size, (int, np.integer)) or size < 1 or size % 2 == 0:
            raise Error(f'expected an odd number of planes, got {size!r}', where='SpatialCrossMapLRN')
        self.size = size
        self.alpha = number(self, 'alpha', alpha, 1e-4)
        self.beta = number(self, 'beta', beta, 0.75)
        self.k = number(self, 'k', k, 1)

    def updateOutput(self, input):
        self.expect(input, ('N', 'C', 'H', 'W'), single=True)
        batch = batch_of(input)
        output = self.buffer('output', batch.shape, like=input)
        self.scale = self.buffer('scale', batch.shape, like=input)
        self.kernels.SpatialCrossMapLRN_updateOutput(
            batch, output, self.scale, self.size, self.alpha, self.beta, self.k
        )
        self.output = as_given(output, input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        gradInput = self.buffer('gradInput', batch_of(input).shape, like=input)
        self.kernels.SpatialCrossMapLRN_updateGradInput(
            batch_of(input), batch_of(self.output), batch_of(gradOutput), self.scale, gradInput, self.size, self.alpha,
            self.beta,
        )  # fmt: skip
        self.gradInput = as_given(gradInput, input)
        return self.gradInput
