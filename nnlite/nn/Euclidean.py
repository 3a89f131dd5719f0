"""The distance from each of several templates."""

import numpy as np

from nnlite.nn.arguments import sizes
from nnlite.nn.initial import bound
from nnlite.nn.Module import Module
from nnlite.tensor.random import fill_uniform


class Euclidean(Module):
    """y_j = |x - w_j|; as in Torch, the gradient is that of y_j + 1e-7, which is never 0.

    Args:
        inputSize: the number of inputs.
        outputSize: the number of templates w_j.

    Shapes: input (N, inputSize) or (inputSize); output (N, outputSize) or (outputSize); weight (inputSize, outputSize),
    drawn from the uniform distribution over +-1 / sqrt(inputSize).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> euclidean = nn.Euclidean(2, 1)
    >>> euclidean.weight[...] = [[1], [2]]
    >>> euclidean.forward(np.float32([[1, 2], [4, 6]]))
    array([[0.],
           [5.]], dtype=float32)

    Raises:
        ShapeError: the input's last size is not inputSize.

    Source: torch/nn, Euclidean.lua.
    """

    foreign = ('_input', '_output', '_gradOutput', '_weight', '_diagCov', '_div', '_sum', '_expand', '_expand2',
               '_expand3', '_expand4', '_repeat', '_repeat2', '_repeat3')  # fmt: skip
    diagCov = None
    fastBackward = False

    def __init__(self, inputSize, outputSize):
        super().__init__()
        self.weight = np.empty(sizes(self, inputSize=inputSize, outputSize=outputSize), self.dtype)
        self.gradWeight = np.zeros_like(self.weight)
        self.fastBackward = True
        self.reset()

    def reset(self, stdv=None):
        limit = bound(stdv, len(self.weight))
        fill_uniform(self.weight, -limit, limit)
        return self

    def updateOutput(self, input):
        self.expect(input, ('N', len(self.weight)), single=True)
        self.output = self.buffer('output', (*input.shape[:-1], self.weight.shape[1]), like=input)
        arrays = map(np.atleast_2d, (input, self.output))
        self.kernels.Euclidean_updateOutput(*arrays, self.weight, self.diagCov)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if self.gradInput is not None:
            self.gradInput = self.buffer('gradInput', input.shape, like=input)
            arrays = map(np.atleast_2d, (input, self.output, gradOutput, self.gradInput))
            self.kernels.Euclidean_updateGradInput(*arrays, self.weight, self.diagCov)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        arrays = map(np.atleast_2d, (input, self.output, gradOutput))
        self.kernels.Euclidean_accGradParameters(*arrays, self.gradWeight, self.weight, self.diagCov, scale)
