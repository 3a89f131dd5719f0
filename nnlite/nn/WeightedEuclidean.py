"""The distance from each of several templates, by scales of their own."""

import numpy as np

from nnlite.nn.Euclidean import Euclidean
from nnlite.nn.Module import Module


class WeightedEuclidean(Euclidean):
    """y_j = |c_j * (x - w_j)|: c_j says how much each input counts; the gradient is that of y_j + 1e-7, as in Torch.

    As in Torch, accGradParameters of a single input leaves its scale out for c.

    Args:
        inputSize: the number of inputs.
        outputSize: the number of templates w_j.

    Shapes: input (N, inputSize) or (inputSize); output (N, outputSize) or (outputSize); weight, drawn from the uniform
    distribution over +-1 / sqrt(inputSize), and diagCov, c, which begins as 1: (inputSize, outputSize).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> euclidean = nn.WeightedEuclidean(2, 1)
    >>> euclidean.weight[...], euclidean.diagCov[...] = [[1], [2]], [[1], [0]]
    >>> euclidean.forward(np.float32([[1, 2], [4, 6]]))
    array([[0.],
           [3.]], dtype=float32)

    Raises:
        ShapeError: the input's last size is not inputSize.

    Source: torch/nn, WeightedEuclidean.lua.
    """

    def __init__(self, inputSize, outputSize):
        super().__init__(inputSize, outputSize)
        self.fastBackward = False
        self.diagCov = np.ones_like(self.weight)
        self.gradDiagCov = np.zeros_like(self.weight)

    def reset(self, stdv=None):
        if self.diagCov is not None:  # there is none yet when Euclidean draws the weight
            self.diagCov.fill(1)
        return super().reset(stdv)

    def parameters(self):
        return [self.weight, self.diagCov], [self.gradWeight, self.gradDiagCov]

    def accGradParameters(self, input, gradOutput, scale=1):
        super().accGradParameters(input, gradOutput, scale)
        arrays = map(np.atleast_2d, (input, self.output, gradOutput))
        scale = 1 if input.ndim == 1 else scale
        self.kernels.WeightedEuclidean_accGradDiagCov(*arrays, self.gradDiagCov, self.weight, self.diagCov, scale)

    accUpdateGradParameters = Module.sharedAccUpdateGradParameters  # the other way needs a scale that is heeded
