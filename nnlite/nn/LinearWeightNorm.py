"""The fully connected layer with weights as lengths and directions."""

import numpy as np

from nnlite.nn.arguments import flag, number, sizes
from nnlite.nn.initial import bound
from nnlite.nn.Linear import Linear
from nnlite.nn.Module import Module
from nnlite.nn.weight_norm import first_lengths, parameters_of, project, squared_lengths
from nnlite.tensor.random import fill_uniform


class LinearWeightNorm(Linear):
    """y = W x + b with W = g v / ||v||, row by row: how strong an output is, g, is learned apart from its direction, v.

    As in Torch, backward takes all that gradV holds for a gradient of W: gradients are right after one backward from
    zeroGradParameters on, and those of several do not add up.

    Args:
        inputSize: the number of inputs.
        outputSize: the number of outputs.
        bias: whether there is a b.
        eps: the least ||v||, 1e-16 by default.

    Shapes: input (N, inputSize) or (inputSize); output (N, outputSize) or (outputSize); v (outputSize, inputSize), g
    (outputSize, 1), bias (outputSize).

    Raises:
        ShapeError: the input's last size is not inputSize.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> linear, x = nn.Linear(4, 3), np.ones(4, np.float32)
    >>> bool(np.allclose(nn.LinearWeightNorm.fromLinear(linear).forward(x), linear.forward(x)))
    True

    Source: torch/nn, LinearWeightNorm.lua.
    """

    def __init__(self, inputSize, outputSize, bias=True, eps=None):
        Module.__init__(self)
        self.eps = number(self, 'eps', eps, 1e-16)
        self.outputSize, self.inputSize = sizes(self, outputSize=outputSize, inputSize=inputSize)
        self.v = np.empty((outputSize, inputSize), self.dtype)
        self.g = np.empty((outputSize, 1), self.dtype)
        self.gradV, self.gradG = np.zeros_like(self.v), np.zeros_like(self.g)
        self._make_room()
        if flag(self, 'bias', bias, True):
            self.bias = np.empty(outputSize, self.dtype)
            self.gradBias = np.zeros_like(self.bias)
        self.reset()

    def _make_room(self):
        """Set up what follows from v and g."""
        self.weight = np.empty_like(self.v)
        self.norm, self.scale = np.zeros_like(self.g), np.zeros_like(self.g)

    @staticmethod
    def fromLinear(linear):
        """Return a layer of this kind that computes what an nn.Linear does."""
        module = LinearWeightNorm(linear.weight.shape[1], len(linear.weight), linear.bias is not None)
        module = module.type(linear.type()).initFromWeight(linear.weight)
        if linear.bias is not None:
            np.copyto(module.bias, linear.bias)
        return module

    def toLinear(self):
        """Return an nn.Linear that computes what this layer does."""
        self.updateWeightMatrix()
        linear = Linear(self.inputSize, self.outputSize, self.bias is not None).type(self.type())
        np.copyto(linear.weight, self.weight)
        if self.bias is not None:
            np.copyto(linear.bias, self.bias)
        return linear

    def initFromWeight(self, weight=None):
        """Take v and g from a weight, this layer's own by default; return the module."""
        weight = self.weight if weight is None else weight
        np.copyto(self.v, weight)
        np.maximum(first_lengths(self.v), self.eps, out=self.g)
        return self

    def parameters(self):
        return parameters_of(self)

    def reset(self, stdv=None):
        limit = bound(stdv, self.inputSize)
        fill_uniform(self.weight, -limit, limit)
        self.initFromWeight()
        if self.bias is not None:
            fill_uniform(self.bias, -limit, limit)
        return self

    def updateWeightMatrix(self):
        """Compute the weight of v and g."""
        np.sqrt(squared_lengths(self.v, self.norm), out=self.norm)
        np.maximum(self.norm, self.eps, out=self.norm)
        np.divide(self.g, self.norm, out=self.scale)
        np.multiply(self.v, self.scale, out=self.weight)

    def updateOutput(self, input):
        self.updateWeightMatrix()
        return super().updateOutput(input)

    def accGradParameters(self, input, gradOutput, scale=1):
        input, gradOutput = np.atleast_2d(input), np.atleast_2d(gradOutput)
        self.kernels.Linear_accGradParameters(input, gradOutput, self.gradV, self.gradBias, scale)
        project(self, self.gradV, self.gradG, self.v, self.norm, self.scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self.sharedAccUpdateGradParameters(input, gradOutput, lr)  # v cannot take a step before all of it is known

    def read(self, fields, version=1):
        super().read(fields, version)
        self._make_room()  # empty in a file after clearState
        self.updateWeightMatrix()
