"""Windows of sequences added up, with a weight for each number of a frame."""

from nnlite.nn.depthwise import SubSampling


class TemporalSubSampling(SubSampling):
    """y[t] = b + w times, element by element, the sum of kW frames from x[t dW] on.

    Args:
        inputFrameSize: how many numbers a frame has.
        kW: the window's frames.
        dW: the step from one window to the next, 1 by default.

    Shapes: input (nFrames, inputFrameSize), here also (N, nFrames, inputFrameSize); output (oFrames, inputFrameSize),
    or with N, with oFrames = (nFrames - kW) // dW + 1; weight (inputFrameSize), bias (inputFrameSize), drawn from the
    uniform distribution over +-1 / sqrt(kW).

    Raises:
        ShapeError: the frames have another size, or are fewer than kW.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.TemporalSubSampling(10, 3, 2).forward(np.zeros((21, 10), np.float32)).shape
    (10, 10)

    Source: torch/nn, TemporalSubSampling.lua.
    """

    sides = 'W'
    axis = 2

    def __init__(self, inputFrameSize, kW, dW=None):
        super().__init__(inputFrameSize=inputFrameSize, kW=kW, dW=dW)

    def _planes(self):
        return self.inputFrameSize, self.inputFrameSize
