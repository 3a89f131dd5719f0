"""Convolution over the two dimensions of images."""

import math

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.Module import Module
from nnlite.nn.spatial import as_given, batch_of, expect_geometry
from nnlite.tensor.random import fill_uniform


class SpatialConvolution(Module):
    """y[o] = b[o] + sum over c of W[o, c] * x[c], where * slides the kernel over the map (cross-correlation).

    Args:
        nInputPlane: the planes of the input.
        nOutputPlane: the planes of the output.
        kW, kH: the kernel's width and height.
        dW, dH: the step from one output pixel to the next, 1 by default.
        padW, padH: zeros put around the input, none by default; padH is padW by default.

    Shapes: input (N, nInputPlane, H, W) or (nInputPlane, H, W); output (N, nOutputPlane, oH, oW) or without N, with
    oH = (H + 2 padH - kH) // dH + 1 and oW likewise; weight (nOutputPlane, nInputPlane, kH, kW), bias (nOutputPlane),
    drawn from the uniform distribution over +-1 / sqrt(kW kH nInputPlane).

    Raises:
        ShapeError: the input has other planes, or is smaller than the kernel.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialConvolution(3, 16, 3, 3, 2, 2, 1, 1).forward(np.zeros((8, 3, 32, 32), np.float32)).shape
    (8, 16, 16, 16)

    Source: torch/nn, SpatialConvolution.lua.
    """

    foreign = ('finput', 'fgradInput', '_input', '_gradOutput')

    def __init__(self, nInputPlane, nOutputPlane, kW, kH, dW=None, dH=None, padW=None, padH=None):
        super().__init__()
        self.nInputPlane, self.nOutputPlane = nInputPlane, nOutputPlane
        self.kW, self.kH = kW, kH
        self.dW, self.dH = 1 if dW is None else dW, 1 if dH is None else dH
        self.padW = padW or 0
        self.padH = self.padW if padH is None else padH
        self.weight = np.empty((nOutputPlane, nInputPlane, kH, kW), self.dtype)
        self.bias = np.empty(nOutputPlane, self.dtype)
        self.gradWeight = np.zeros_like(self.weight)
        self.gradBias = np.zeros_like(self.bias)
        self.reset()

    def noBias(self):
        """Do without a bias; return the module."""
        self.bias = self.gradBias = None
        return self

    def reset(self, stdv=None):
        bound = stdv * math.sqrt(3) if stdv is not None else 1 / math.sqrt(self.kW * self.kH * self.nInputPlane)
        for parameter in self.parameters()[0]:
            fill_uniform(parameter, -bound, bound)
        return self

    def _geometry(self):
        return (self.dH, self.dW), (self.padH, self.padW), (1, 1)

    def updateOutput(self, input):
        self.expect(input, ('N', self.nInputPlane, 'H', 'W'), single=True)
        expect_geometry(self)
        self.expect(self.weight, (self.nOutputPlane, self.nInputPlane, self.kH, self.kW), 'weight')
        batch = batch_of(input)
        height = (batch.shape[2] + 2 * self.padH - self.kH) // self.dH + 1
        width = (batch.shape[3] + 2 * self.padW - self.kW) // self.dW + 1
        if height < 1 or width < 1:
            least = f'{self.kH - 2 * self.padH} x {self.kW - 2 * self.padW}'
            raise ShapeError(f'expected input of at least {least} pixels, got {input.shape}', where=self._name())
        output = self.buffer('output', (len(batch), self.nOutputPlane, height, width), like=input)
        self.kernels.Convolution_updateOutput(batch, output, self.weight, self.bias, *self._geometry())
        self.output = as_given(output, input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if self.gradInput is not None:
            gradInput = self.buffer('gradInput', batch_of(input).shape, like=input)
            self.kernels.Convolution_updateGradInput(batch_of(gradOutput), gradInput, self.weight, *self._geometry())
            self.gradInput = as_given(gradInput, input)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        self.kernels.Convolution_accGradParameters(
            batch_of(input), batch_of(gradOutput), self.gradWeight, self.gradBias, *self._geometry(), scale
        )

    def read(self, fields, version=1):
        super().read(fields, version)
        padding = self.__dict__.pop('padding', None)  # in files from before 2015, for both sides
        for name in ('padW', 'padH'):
            self.__dict__[name] = self.__dict__.get(name, 0) if padding is None else padding
        for name in ('weight', 'gradWeight'):  # there a row for each output plane
            if self.__dict__.get(name) is not None and self.__dict__[name].ndim == 2:
                shape = self.nOutputPlane, self.nInputPlane, self.kH, self.kW
                self.__dict__[name] = self.__dict__[name].reshape(shape)

    def __repr__(self):
        text = f'nn.{type(self).__name__}({self.nInputPlane} -> {self.nOutputPlane}, {self.kW}x{self.kH}'
        if (self.dW, self.dH, self.padW, self.padH) != (1, 1, 0, 0):
            text += f', {self.dW},{self.dH}'
        if (self.padW, self.padH) != (0, 0):
            text += f', {self.padW},{self.padH}'
        return text + (')' if self.bias is not None else ') without bias')
