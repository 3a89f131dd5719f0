"""Convolution over sequences of frames."""

from nnlite.nn.convolution import Convolution


class TemporalConvolution(Convolution):
    """y[t] = b + W times the kW frames from x[t dW] on, as one long vector.

    Args:
        inputFrameSize: how many numbers a frame of the input has.
        outputFrameSize: how many a frame of the output has.
        kW: the kernel's frames.
        dW: the step from one output frame to the next in the input, 1 by default.

    Shapes: input (N, nFrames, inputFrameSize) or (nFrames, inputFrameSize); output (N, oFrames, outputFrameSize) or
    without N, with oFrames = (nFrames - kW) // dW + 1; weight (outputFrameSize, kW * inputFrameSize), frame after
    frame, bias (outputFrameSize), drawn from the uniform distribution over +-1 / sqrt(kW inputFrameSize).

    Raises:
        ShapeError: the frames have another size, or are fewer than kW.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.TemporalConvolution(10, 4, 3, 2).forward(np.zeros((8, 21, 10), np.float32)).shape
    (8, 10, 4)

    Source: torch/nn, TemporalConvolution.lua.
    """

    sides = 'W'
    axis = 2

    def __init__(self, inputFrameSize, outputFrameSize, kW, dW=None):
        super().__init__(inputFrameSize=inputFrameSize, outputFrameSize=outputFrameSize, kW=kW, dW=dW)

    def _planes(self):
        return self.inputFrameSize, self.outputFrameSize

    def _weight_shape(self):
        return self.outputFrameSize, self.kW * self.inputFrameSize

    def _kernels(self, weight):
        return weight.reshape(self.outputFrameSize, self.kW, self.inputFrameSize).swapaxes(1, 2)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self.defaultAccUpdateGradParameters(input, gradOutput, lr)  # even where shared: the step adds up by itself

    def __repr__(self):
        return f'nn.{type(self).__name__}'
