"""Scores become probabilities, the lowest the likeliest."""

import numpy as np

from nnlite.nn.SoftMax import SoftMax


class SoftMin(SoftMax):
    """y = exp(-x) / sum of exp(-x), over the classes.

    Shapes: as in nn.SoftMax, and so are the errors.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SoftMin().forward(-np.log(np.float32([1, 2, 5]))).round(4)
    array([0.125, 0.25 , 0.625], dtype=float32)

    Source: torch/nn, SoftMin.lua.
    """

    foreign = ('mininput',)

    def _write_output(self, input, output):
        np.negative(input, out=output)
        super()._write_output(output, output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        super()._write_gradInput(input, gradOutput, gradInput)
        np.negative(gradInput, out=gradInput)
