"""A product of two vectors for each output."""

import numpy as np

from nnlite.nn.arguments import flag, sizes
from nnlite.nn.initial import bound
from nnlite.nn.Module import Module
from nnlite.nn.table import room_like
from nnlite.tensor.random import fill_uniform


class Bilinear(Module):
    """y_k = a W_k b + c_k, for a table of two batches of vectors, a and b.

    As in Torch, accGradParameters heeds its scale for the bias only.

    Args:
        inputSize1: the size of a.
        inputSize2: the size of b.
        outputSize: how many y_k there are.
        bias: whether there is a c.

    Shapes: input [(N, inputSize1), (N, inputSize2)]; output (N, outputSize); weight (outputSize, inputSize1,
    inputSize2), bias (outputSize), drawn from the uniform distribution over +-1 / sqrt(inputSize1).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Bilinear(4, 3, 2).forward([np.ones((8, 4), np.float32), np.ones((8, 3), np.float32)]).shape
    (8, 2)

    Raises:
        Error: a size that is no whole number above 0.
        ShapeError: the inputs are not of these sizes, or not as many.

    Source: torch/nn, Bilinear.lua.
    """

    foreign = ('buff1', 'buff2')

    def __init__(self, inputSize1, inputSize2, outputSize, bias=True):
        super().__init__()
        shape = sizes(self, outputSize=outputSize, inputSize1=inputSize1, inputSize2=inputSize2)
        self.weight = np.empty(shape, self.dtype)
        self.gradWeight = np.zeros_like(self.weight)
        if flag(self, 'bias', bias, True):
            self.bias = np.empty(outputSize, self.dtype)
            self.gradBias = np.zeros_like(self.bias)
        self.gradInput = []
        self.reset()

    def reset(self, stdv=None):
        limit = bound(stdv, self.weight.shape[1])
        for parameter in self.parameters()[0]:
            fill_uniform(parameter, -limit, limit)
        return self

    def updateOutput(self, input):
        self.expect_table(input, 2)
        self.expect(input[0], ('N', self.weight.shape[1]), 'input[0]')
        self.expect(input[1], (len(input[0]), self.weight.shape[2]), 'input[1]')
        self.output = self.buffer('output', (len(input[0]), len(self.weight)), like=input[0])
        self.kernels.Bilinear_updateOutput(*input, self.output, self.weight, self.bias)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if self.gradInput is not None:
            grads = room_like(self, 'gradInput', input)
            self.kernels.Bilinear_updateGradInput(*input, gradOutput, *grads, self.weight)
            self.gradInput = grads
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.kernels.Bilinear_accGradParameters(*input, gradOutput, self.gradWeight, self.gradBias, scale)

    accUpdateGradParameters = Module.sharedAccUpdateGradParameters  # the other way needs a scale that is heeded

    def __repr__(self):
        outputSize, inputSize1, inputSize2 = self.weight.shape
        without = ' without bias' if self.bias is None else ''
        return f'nn.Bilinear({inputSize1}x{inputSize2} -> {outputSize}) {without}'
