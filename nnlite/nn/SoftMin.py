"""Scores become probabilities, the lowest the likeliest."""

import numpy as np

from nnlite.nn.SoftMax import SoftMax


class SoftMin(SoftMax):
    """y = exp(-x) / sum of exp(-x), over the classes.

    Shapes and errors: as in nn.SoftMax.

    Source: torch/nn, SoftMin.lua.
    """

    foreign = ('mininput',)

    def _write_output(self, input, output):
        np.negative(input, out=output)
        super()._write_output(output, output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        super()._write_gradInput(input, gradOutput, gradInput)
        np.negative(gradInput, out=gradInput)
