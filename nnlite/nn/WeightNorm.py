"""Weights as lengths and directions, for any module with a weight."""

import math

import numpy as np

from nnlite.errors import Error
from nnlite.nn.Decorator import Decorator
from nnlite.nn.Module import Module
from nnlite.nn.weight_norm import first_lengths, parameters_of, project, squared_lengths
from nnlite.tensor.dimensions import axis_of
from nnlite.tensor.random import fill_normal


class WeightNorm(Decorator):
    """The module with the weight w = g v / sqrt(||v||^2 + 1e-4), for each output: g and v are learned in place of w.

    As in Torch, backward takes all that the module's gradWeight holds for a gradient of w: gradients are right after
    one backward from zeroGradParameters on, and those of several do not add up.

    Args:
        module: a module with a weight.
        outputDim: the weight's dimension that counts the outputs, from 1, which is the default.

    Shapes: v (outputs, all else), drawn from the normal distribution of variance 2 / all else; g (outputs, 1), which
    begins as ||v||; the module's bias begins as 0.

    >>> from nnlite import nn
    >>> nn.WeightNorm(nn.Linear(4, 2))
    nn.WeightNorm @ nn.Linear(4 -> 2)

    Source: torch/nn, WeightNorm.lua.
    """

    longStorages = ('viewIn', 'viewOut', 'weightSize')

    def __init__(self, module, outputDim=None):
        super().__init__(module)
        if module.weight is None:
            raise Error('expected a module with a weight, got one without', where=self._name())
        self.outputDim = 1 if outputDim is None else outputDim
        axis_of(self.outputDim, module.weight.ndim, self)
        self._adopt()
        self.weightSize = list(self.weight.shape)
        self.viewOut = list(self._outputs_first(self.weight).shape)
        self.otherDims = math.prod(self.viewOut[1:])
        self.viewIn = [self.viewOut[0], self.otherDims]
        self.v, self.gradV = np.empty(self.viewIn, self.dtype), np.zeros(self.viewOut, self.dtype)
        self.g, self.gradG = np.empty((self.viewIn[0], 1), self.dtype), np.zeros((self.viewIn[0], 1), self.dtype)
        self._norm, self._scale = np.zeros_like(self.g), np.zeros_like(self.g)
        self.resetInit()

    def _adopt(self):
        """Take the module's parameters for one's own."""
        for name in ('weight', 'bias', 'gradWeight', 'gradBias'):
            setattr(self, name, getattr(self.modules[0], name))

    def _outputs_first(self, array):
        return np.moveaxis(array, self.outputDim - 1, 0)

    def resetInit(self):
        """Draw a new v, with g its length; set the bias to 0."""
        fill_normal(self.v, 0, math.sqrt(2 / self.otherDims))
        np.copyto(self.g, first_lengths(self.v))
        if self.bias is not None:
            self.bias.fill(0)

    def updateWeight(self):
        """Compute the module's weight of v and g."""
        np.sqrt(squared_lengths(self.v, self._norm) + 1e-4, out=self._norm)
        np.divide(self.g, self._norm, out=self._scale)
        weight = self.buffer('weight', self.v.shape, like=self.v)
        np.multiply(self.v, self._scale, out=weight)
        np.copyto(self._outputs_first(self.weight), weight.reshape(self.viewOut))

    def updateOutput(self, input):
        self.updateWeight()
        return super().updateOutput(input)

    def accGradParameters(self, input, gradOutput, scale=1):
        super().accGradParameters(input, gradOutput, scale)
        np.copyto(self.gradV, self._outputs_first(self.gradWeight))
        project(self, self.gradV.reshape(self.viewIn), self.gradG, self.v, self._norm, self._scale)
        np.copyto(self._outputs_first(self.gradWeight), self.gradV)

    # a step is v's and g's, and is known only when the gradient of all of the weight is
    sharedAccUpdateGradParameters = Module.sharedAccUpdateGradParameters
    accUpdateGradParameters = Module.sharedAccUpdateGradParameters

    def parameters(self):
        return parameters_of(self)

    def zeroGradParameters(self):
        super().zeroGradParameters()
        Module.zeroGradParameters(self)

    def updateParameters(self, learningRate):
        super().updateParameters(learningRate)
        self.g -= learningRate * self.gradG
        self.v -= learningRate * self.gradV.reshape(self.viewIn)

    def share(self, other, *names):
        super().share(other, *names)
        return Module.share(self, other, *names)

    def write(self):
        """Leave out the weight and its gradient, which v and g make."""
        fields = super().write()
        module, bare = self.modules[0], type(self.modules[0]).__new__(type(self.modules[0]))
        bare.__dict__.update(module.__dict__, weight=None, gradWeight=None)
        del fields['weight'], fields['gradWeight']
        return {**fields, 'modules': [bare]}

    def read(self, fields, version=1):
        super().read(fields, version)
        module = self.modules[0]
        if module.weight is None:
            module.weight = np.empty(self.v.size, self.dtype).reshape(self.weightSize)
            module.gradWeight = np.empty_like(module.weight)
        self._adopt()
        self._norm, self._scale = np.zeros_like(self.g), np.zeros_like(self.g)
        self.gradG, self.gradV = self.gradG.reshape(self.g.shape), self.gradV.reshape(self.viewOut)
        self.updateWeight()
        np.copyto(self._outputs_first(self.gradWeight), self.gradV)
