"""Fractional max pooling: windows of one size at steps of, on average, a fraction, drawn anew for each plane."""

from nnlite.kernels.on_cupy.geometry import Geometry
from nnlite.kernels.on_cupy.launching import Source
from nnlite.kernels.on_cupy.maps import in_widths, launch, pixels
from nnlite.kernels.on_numpy.scratch import channels_last, contiguous

_source = Source('fractional_pooling.cu', 'fractional_pool<{T}, 1>', *in_widths('fractional_pool_back'))


def FractionalMaxPooling_updateOutput(input, output, indices, samples, kernel):
    """Output = the largest input in each window; indices: the number of the pixel where it stood, from 1.

    Shapes, arguments and windows: as in NumPy's.
    """
    arrays = channels_last(input, 'input'), pixels(output), pixels(indices)
    drawn = contiguous(samples, 'samples')
    sizes = _sizes(input, output, kernel)
    launch(_source, 'fractional_pool', arrays[1], arrays, drawn, len(kernel), sizes, width=1)


def FractionalMaxPooling_updateGradInput(gradOutput, indices, gradInput, kernel):
    """GradInput: each pixel gathers the gradients of the windows whose largest it was."""
    arrays = channels_last(gradOutput, 'gradOutput'), channels_last(indices, 'indices'), pixels(gradInput)
    launch(_source, 'fractional_pool_back', arrays[2], arrays, _sizes(gradInput, gradOutput, kernel))


def _sizes(large, small, kernel):
    one, none = [1] * len(kernel), [0] * len(kernel)
    return Geometry.of(large.shape, small.shape, kernel, one, none, one).record
