"""What layers have in common that convolve each plane by itself."""

import math

import numpy as np

from nnlite.nn.convolution import Convolution


class DepthWise(Convolution):
    """The base of the layers in which no plane of the output sees more than one of the input."""

    def _kernels(self, weight):
        """Return the weight, or its gradient, as a view (M, planes, *kernel), for M output planes from each plane."""
        return weight

    def _biases(self, bias):
        """Return the bias, or its gradient, as a view (M, planes), or None."""
        return bias if bias is None else bias.reshape(-1, self._planes()[0])

    def _convolve(self, maps, output):
        self.kernels.DepthWiseConvolution_updateOutput(
            maps, output, self._kernels(self.weight), self._biases(self.bias), *self._geometry()
        )

    def _hand_back(self, grads, gradInput):
        self.kernels.DepthWiseConvolution_updateGradInput(
            grads, gradInput, self._kernels(self.weight), *self._geometry()
        )

    def _accumulate(self, maps, grads, gradWeight, scale):
        self.kernels.DepthWiseConvolution_accGradParameters(
            maps, grads, gradWeight, self._biases(self.gradBias), *self._geometry(), scale
        )


class SubSampling(DepthWise):
    """The base of the layers that add up each window, and have one weight and one bias for each plane."""

    def _weight_shape(self):
        return (self._planes()[0],)

    def _fan_in(self):
        return math.prod(self._each('k'))

    def _kernels(self, weight):
        """Return the weight as that of every pixel of the window: (1, planes, *kernel)."""
        kernel = self._each('k')
        return np.broadcast_to(weight.reshape(1, -1, *(1 for _ in kernel)), (1, len(weight), *kernel))

    def accGradParameters(self, input, gradOutput, scale=1):
        shape = 1, *self._weight_shape(), *self._each('k')
        windows = self.buffer('gradients of every pixel', shape, like=input, layout='plain')
        windows.fill(0)
        self._accumulate(self._maps(input), self._maps(gradOutput), windows, scale)
        np.add(self.gradWeight, windows.reshape(len(self.gradWeight), -1).sum(axis=1), out=self.gradWeight)

    def __repr__(self):
        return f'nn.{type(self).__name__}'
