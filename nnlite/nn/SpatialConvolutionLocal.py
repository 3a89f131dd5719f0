"""Convolution over images with weights of its own at every place."""

from nnlite.nn.convolution import Convolution


class SpatialConvolutionLocal(Convolution):
    """The same as nn.SpatialConvolution, but that every output pixel has weights, and biases, of its own.

    Args:
        nInputPlane: the planes of the input.
        nOutputPlane: the planes of the output.
        iW, iH: the input's width and height.
        kW, kH: the kernel's width and height.
        dW, dH: the step from one output pixel to the next, 1 by default.
        padW, padH: zeros put around the input, none by default; padH is padW by default.

    Shapes: input (N, nInputPlane, iH, iW) or (nInputPlane, iH, iW); output (N, nOutputPlane, oH, oW) or without N, with
    oH = (iH + 2 padH - kH) // dH + 1 and oW likewise; weight (oH, oW, nOutputPlane, nInputPlane, kH, kW), bias
    (nOutputPlane, oH, oW), drawn from the uniform distribution over +-1 / sqrt(kW kH nInputPlane).

    Raises:
        ShapeError: the input has another shape, or is smaller than the kernel.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialConvolutionLocal(3, 16, 8, 8, 3, 3).forward(np.zeros((4, 3, 8, 8), np.float32)).shape
    (4, 16, 6, 6)

    Source: torch/nn, SpatialConvolutionLocal.lua.
    """

    def __init__(self, nInputPlane, nOutputPlane, iW, iH, kW, kH, dW=None, dH=None, padW=None, padH=None):
        padH = padW if padH is None else padH
        super().__init__(
            nInputPlane=nInputPlane, nOutputPlane=nOutputPlane, iW=iW, iH=iH,
            kW=kW, kH=kH, dW=dW, dH=dH, padW=padW, padH=padH,
        )  # fmt: skip

    def _make_parameters(self):
        self.oH, self.oW = self._windows(self._space())
        super()._make_parameters()

    def _space(self):
        return self.iH, self.iW

    def _weight_shape(self):
        return *self._windows(self._space()), self.nOutputPlane, self.nInputPlane, self.kH, self.kW

    def _bias_shape(self):
        return self.nOutputPlane, *self._windows(self._space())

    def _convolve(self, maps, output):
        self.kernels.LocalConvolution_updateOutput(maps, output, self.weight, self.bias, *self._geometry())

    def _hand_back(self, grads, gradInput):
        self.kernels.LocalConvolution_updateGradInput(grads, gradInput, self.weight, *self._geometry())

    def _accumulate(self, maps, grads, gradWeight, scale):
        self.kernels.LocalConvolution_accGradParameters(
            maps, grads, gradWeight, self.gradBias, *self._geometry(), scale
        )

    def _terms(self):
        planes, *sizes = super()._terms()
        return [planes, self._written('i', 'x'), *sizes]
