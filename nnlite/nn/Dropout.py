"""Some of the inputs, at random, become zero."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.Module import Module
from nnlite.tensor.random import fill_bernoulli


class Dropout(Module):
    """In training y = noise * x, where noise is 0 with probability p, else 1 / (1 - p); in evaluation y = x.

    Args:
        p: the probability of a zero, 0.5 by default.
        v1: the first version's scaling: noise is 0 or 1 in training, and y = (1 - p) x in evaluation.
        inplace: write into the input, and into gradOutput.
        stochasticInference: draw noise in evaluation too.

    Raises:
        Error: p is not in 0 <= p < 1.

    Source: torch/nn, Dropout.lua; Hinton et al., "Improving neural networks by preventing co-adaptation", 2012.
    """

    cleared = (*Module.cleared, 'noise')
    inplace = None
    v2 = stochastic_inference = False  # absent in files from before there was a choice

    def __init__(self, p=None, v1=None, inplace=None, stochasticInference=None):
        super().__init__()
        self.p = 0.5 if p is None else p
        self.train = True
        self.inplace = inplace
        self.stochastic_inference = stochasticInference or False
        self.v2 = not v1
        if not 0 <= self.p < 1:
            raise Error(f'expected a probability p with 0 <= p < 1, got {self.p}', where='Dropout')
        self.noise = np.empty(0, self.dtype)

    def updateOutput(self, input):
        self.expect(input)
        self.output = input if self.inplace else self.buffer('output', input.shape, like=input)
        if self.p > 0 and (self.train or self.stochastic_inference):
            self.noise = self.buffer('noise', input.shape, like=input)
            fill_bernoulli(self.noise, 1 - self.p)
            if self.v2:
                np.divide(self.noise, 1 - self.p, out=self.noise)
            np.multiply(input, self.noise, out=self.output)
        else:
            np.multiply(input, 1 if self.v2 else 1 - self.p, out=self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, input.shape, 'gradOutput')
        self.gradInput = gradOutput if self.inplace else self.buffer('gradInput', input.shape, like=input)
        if self.p > 0 and self.train:
            np.multiply(gradOutput, self.noise, out=self.gradInput)
        else:
            np.multiply(gradOutput, 1 if self.v2 else 1 - self.p, out=self.gradInput)
        return self.gradInput

    def setp(self, p):
        """Choose another probability of a zero."""
        self.p = p

    def __repr__(self):
        return f'nn.{type(self).__name__}({self.p:f})'
