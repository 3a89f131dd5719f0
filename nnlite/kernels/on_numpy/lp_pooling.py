"""The p-norm over neighbours along the first dimension."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch


def FeatureLPPooling_updateOutput(input, output, width, stride, power):
    """Output[o] = (sum over i < width of input[o * stride + i]^power)^(1 / power), in the first dimension.

    As in THNN, powers and their sums are of double precision: they grow beyond what single can hold.
    """
    term, total = (scratch(name, output.shape, np.float64) for name in ('term', 'total'))
    total.fill(0)
    with np.errstate(all='ignore'):  # the root of a number below 0 is no number, as in C
        for into in _windows(output, width, stride):
            np.add(total, np.power(input[into], power, out=term, dtype=np.float64), out=total)
        np.copyto(output, np.power(total, 1 / power, out=total), casting='same_kind')


def FeatureLPPooling_updateGradInput(input, gradOutput, output, gradInput, width, stride, power):
    """GradInput: of each gradient (input / output)^(power - 1), and nothing of those at outputs of 0."""
    term = scratch('term', output.shape, output.dtype)
    zero = np.equal(output, 0, out=scratch('zero', output.shape, bool))
    gradInput.fill(0)
    with np.errstate(all='ignore'):
        for into in _windows(output, width, stride):
            np.divide(input[into], output, out=term)
            np.power(term, power - 1, out=term)
            np.multiply(term, gradOutput, out=term)
            np.copyto(term, 0, where=zero)
            np.add(gradInput[into], term, out=gradInput[into])


def _windows(output, width, stride):
    """Yield, for each place in the window, where all outputs find it in the input."""
    for first in range(width):
        yield slice(first, first + (len(output) - 1) * stride + 1, stride)
