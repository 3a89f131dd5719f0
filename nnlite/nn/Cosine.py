"""The cosine of the angle to each of several templates."""

import numpy as np

from nnlite.nn.arguments import sizes
from nnlite.nn.initial import bound
from nnlite.nn.Module import Module
from nnlite.tensor.random import fill_uniform


class Cosine(Module):
    """y_j = x . w_j / (|x| |w_j|).

    As in Torch, accGradParameters leaves out its scale (of a single input, from the second term of the gradient only:
    x / |x| - y_j w_j / |w_j|).

    Args:
        inputSize: the number of inputs.
        outputSize: the number of templates w_j.

    Shapes: input (N, inputSize) or (inputSize); output (N, outputSize) or (outputSize); weight (outputSize, inputSize),
    drawn from the uniform distribution over +-1 / sqrt(outputSize).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> cosine = nn.Cosine(2, 1)
    >>> cosine.weight[...] = [3, 4]
    >>> cosine.forward(np.float32([[6, 8], [4, -3]]))
    array([[1.],
           [0.]], dtype=float32)

    Raises:
        ShapeError: the input's last size is not inputSize.

    Source: torch/nn, Cosine.lua.
    """

    foreign = ('_input', '_weight', '_gradOutput', '_sum', '_inputNorm', '_weightNorm', '__norm')

    def __init__(self, inputSize, outputSize):
        super().__init__()
        self.weight = np.empty(sizes(self, outputSize=outputSize, inputSize=inputSize), self.dtype)
        self.gradWeight = np.zeros_like(self.weight)
        self.reset()

    def reset(self, stdv=None):
        limit = bound(stdv, len(self.weight))
        fill_uniform(self.weight, -limit, limit)
        return self

    def updateOutput(self, input):
        self.expect(input, ('N', self.weight.shape[1]), single=True)
        self.output = self.buffer('output', (*input.shape[:-1], len(self.weight)), like=input)
        self.kernels.Cosine_updateOutput(np.atleast_2d(input), np.atleast_2d(self.output), self.weight)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if self.gradInput is not None:
            self.gradInput = self.buffer('gradInput', input.shape, like=input)
            arrays = map(np.atleast_2d, (input, self.output, gradOutput, self.gradInput))
            self.kernels.Cosine_updateGradInput(*arrays, self.weight)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        arrays = map(np.atleast_2d, (input, self.output, gradOutput))
        scale = scale if input.ndim == 1 else 1
        self.kernels.Cosine_accGradParameters(*arrays, self.gradWeight, self.weight, scale)

    accUpdateGradParameters = Module.sharedAccUpdateGradParameters  # the other way needs a scale that is heeded
