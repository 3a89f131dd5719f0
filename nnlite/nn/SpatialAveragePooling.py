"""The mean of each window."""

import numpy as np

from nnlite.nn.pooling import AveragePooling


class SpatialAveragePooling(AveragePooling):
    """y = the mean of each kW x kH window.

    Args:
        kW, kH: the window's width and height.
        dW, dH: the step from one window to the next, 1 by default.
        padW, padH: zeros around the input, at most half a window, none by default.

    ceil() lets the last window hang over the border, floor() (the default) leaves it out. setCountIncludePad() (the
    default) counts padding among a window's pixels, setCountExcludePad() does not.

    Shapes: as in nn.SpatialMaxPooling, and so are the errors.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialAveragePooling(2, 2, 2, 2).forward(np.float32([[[1, 2], [3, 6]]]))
    array([[[3.]]], dtype=float32)

    Source: torch/nn, SpatialAveragePooling.lua.
    """

    divide = None  # absent in files from before 2015, whose module gave the sum

    def __init__(self, kW, kH, dW=None, dH=None, padW=None, padH=None):
        super().__init__((kW, kH), (1 if dW is None else dW, 1 if dH is None else dH), (padW, padH))
        self.count_include_pad = True
        self.divide = True

    def setCountIncludePad(self):
        """Count padding among a window's pixels; return the module."""
        self.count_include_pad = True
        return self

    def setCountExcludePad(self):
        """Leave padding out of the count; return the module."""
        self.count_include_pad = False
        return self

    def _compute(self, maps, output):
        super()._compute(maps, output)
        self._undivide(output)

    def _hand_back(self, grads, gradInput):
        super()._hand_back(grads, gradInput)
        self._undivide(gradInput)

    def _undivide(self, means):
        if not self.divide:
            np.multiply(means, self.kW * self.kH, out=means)
