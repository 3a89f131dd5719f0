"""The fully connected layer."""

import numpy as np

from nnlite.nn.arguments import flag, sizes
from nnlite.nn.initial import bound
from nnlite.nn.Module import Module
from nnlite.tensor.random import fill_uniform


class Linear(Module):
    """y = W x + b.

    Args:
        inputSize: the number of inputs.
        outputSize: the number of outputs.
        bias: whether there is a b.

    Shapes: input (N, inputSize) or (inputSize); output (N, outputSize) or (outputSize); weight (outputSize, inputSize),
    bias (outputSize), drawn from the uniform distribution over +-1 / sqrt(inputSize).

    Raises:
        ShapeError: the input's last size is not inputSize.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Linear(4, 3).forward(np.zeros((2, 4), np.float32)).shape
    (2, 3)

    Source: torch/nn, Linear.lua.
    """

    foreign = ('addBuffer',)

    def __init__(self, inputSize, outputSize, bias=True):
        super().__init__()
        self.weight = np.empty(sizes(self, outputSize=outputSize, inputSize=inputSize), self.dtype)
        self.gradWeight = np.zeros_like(self.weight)
        if flag(self, 'bias', bias, True):
            self.bias = np.empty(outputSize, self.dtype)
            self.gradBias = np.zeros_like(self.bias)
        self.reset()

    def noBias(self):
        """Do without a bias; return the module."""
        self.bias = self.gradBias = None
        return self

    def reset(self, stdv=None):
        limit = bound(stdv, self.weight.shape[1])
        for parameter in self.parameters()[0]:
            fill_uniform(parameter, -limit, limit)
        return self

    def updateOutput(self, input):
        self.expect(input, ('N', self.weight.shape[1]), single=True)
        shape = (*input.shape[:-1], len(self.weight))
        self.output = self.buffer('output', shape, like=input)
        self.kernels.Linear_updateOutput(np.atleast_2d(input), np.atleast_2d(self.output), self.weight, self.bias)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if self.gradInput is not None:
            self.gradInput = self.buffer('gradInput', input.shape, like=input)
            self.kernels.Linear_updateGradInput(np.atleast_2d(gradOutput), np.atleast_2d(self.gradInput), self.weight)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        input, gradOutput = np.atleast_2d(input), np.atleast_2d(gradOutput)
        self.kernels.Linear_accGradParameters(input, gradOutput, self.gradWeight, self.gradBias, scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self.defaultAccUpdateGradParameters(input, gradOutput, lr)  # even where shared: the step adds up by itself

    def __repr__(self):
        size = f'{self.weight.shape[1]} -> {self.weight.shape[0]}'
        return f'nn.{type(self).__name__}({size})' + (' without bias' if self.bias is None else '')
