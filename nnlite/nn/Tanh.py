"""The hyperbolic tangent."""

import numpy as np

from nnlite.nn.transfer import Transfer


class Tanh(Transfer):
    """y = tanh(x); its slope is 1 - y^2.

    Shapes: input and output of any one shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Tanh().forward(np.float32([-1, 0, 1])).round(4)
    array([-0.7616,  0.    ,  0.7616], dtype=float32)

    Source: torch/nn, Tanh.lua.
    """

    def _write_output(self, input, output):
        np.tanh(input, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.Tanh_updateGradInput(self.output, gradOutput, gradInput)
