"""Convolution of each row of sequences by a kernel of its own."""

from nnlite.nn.arguments import flag
from nnlite.nn.depthwise import DepthWise


class TemporalRowConvolution(DepthWise):
    """y[t, c] = b[c] + the sum over k of W[c, k] x[t dW + k, c]: row c of the frames by itself.

    Args:
        inputFrameSize: how many numbers a frame has.
        kW: the kernel's frames.
        dW: the step from one output frame to the next in the input, 1 by default.
        featFirst: whether an input is (N, inputFrameSize, nFrames), False by default.

    Shapes: input (N, nFrames, inputFrameSize) or (nFrames, inputFrameSize); output likewise with
    oFrames = (nFrames - kW) // dW + 1; weight (inputFrameSize, 1, kW), bias (inputFrameSize), drawn from the uniform
    distribution over +-1 / sqrt(kW inputFrameSize).

    Raises:
        ShapeError: the frames have another size, or are fewer than kW.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.TemporalRowConvolution(10, 3).forward(np.zeros((8, 21, 10), np.float32)).shape
    (8, 19, 10)

    Source: torch/nn, TemporalRowConvolution.lua.
    """

    sides = 'W'
    featFirst = False

    def __init__(self, inputFrameSize, kW, dW=None, featFirst=None):
        super().__init__(inputFrameSize=inputFrameSize, kW=kW, dW=dW, featFirst=flag(self, 'featFirst', featFirst))

    @property
    def axis(self):
        return 1 if self.featFirst else 2

    def _planes(self):
        return self.inputFrameSize, self.inputFrameSize

    def _weight_shape(self):
        return self.inputFrameSize, 1, self.kW

    def _kernels(self, weight):
        return weight.swapaxes(0, 1)

    def _terms(self):
        return [str(self.inputFrameSize), str(self.kW), *([str(self.dW)] if self.dW != 1 else [])]
