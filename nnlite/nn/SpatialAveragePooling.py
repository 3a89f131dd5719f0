"""The mean of each window."""

import numpy as np

from nnlite.nn.pooling import Pooling
from nnlite.nn.spatial import as_given, batch_of


class SpatialAveragePooling(Pooling):
    """y = the mean of each kW x kH window.

    Args:
        kW, kH: the window's width and height.
        dW, dH: the step from one window to the next, 1 by default.
        padW, padH: zeros around the input, at most half a window, none by default.

    ceil() lets the last window hang over the border, floor() (the default) leaves it out. setCountIncludePad() (the
    default) counts padding among a window's pixels, setCountExcludePad() does not.

    Shapes and errors: as in nn.SpatialMaxPooling.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialAveragePooling(2, 2, 2, 2).forward(np.float32([[[1, 2], [3, 6]]]))
    array([[[3.]]], dtype=float32)

    Source: torch/nn, SpatialAveragePooling.lua.
    """

    count_include_pad = True
    divide = None  # absent in files from before 2015, whose module gave the sum

    def __init__(self, kW, kH, dW=None, dH=None, padW=None, padH=None):
        super().__init__(kW, kH, 1 if dW is None else dW, 1 if dH is None else dH, padW, padH)
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

    def updateOutput(self, input):
        self.expect(input, ('N', 'C', 'H', 'W'), single=True)
        batch = batch_of(input)
        output = self.buffer('output', self._pooled_shape(batch), like=input)
        self.kernels.SpatialAveragePooling_updateOutput(batch, output, *self._geometry(), self.count_include_pad)
        if not self.divide:
            np.multiply(output, self.kW * self.kH, out=output)
        self.output = as_given(output, input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        gradInput = self.buffer('gradInput', batch_of(input).shape, like=input)
        self.kernels.SpatialAveragePooling_updateGradInput(
            batch_of(gradOutput), gradInput, *self._geometry(), self.count_include_pad
        )
        if not self.divide:
            np.multiply(gradInput, self.kW * self.kH, out=gradInput)
        self.gradInput = as_given(gradInput, input)
        return self.gradInput

    def read(self, fields, version=1):
        super().read(fields, version)
        mode = fields.get('mode')
        if isinstance(mode, str) and mode.startswith('CUDNN_POOLING_AVERAGE'):  # cudnn's class always gave the mean
            self.divide = True
            self.count_include_pad = fields.get('count_include_pad', 'EXCLUDE_PADDING' not in mode)
