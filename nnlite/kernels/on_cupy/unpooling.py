"""The way back from max pooling: what was largest in its window stands where it stood, among zeros.

A window with nothing larger than -inf has no such place, and its input goes nowhere. NumPy's kernels call that an
error; here, where looking for one would stop the host until the GPU is done, nobody does.
"""

from nnlite.kernels.on_cupy.geometry import Geometry
from nnlite.kernels.on_cupy.launching import Source
from nnlite.kernels.on_cupy.maps import divisors, in_widths, launch, pixels
from nnlite.kernels.on_numpy.scratch import channels_last

_source = Source('unpooling.cu', *in_widths('unpool'), 'unpool_back<{T}, 1>')


def MaxUnpooling_updateOutput(input, output, indices, stride, padding):
    """Output (N, C, *space) = 0, but each input (N, C, *out) where max pooling's index says."""
    arrays = channels_last(input, 'input'), channels_last(indices, 'indices'), pixels(output)
    sizes = _sizes(output, input, stride, padding)
    launch(_source, 'unpool', arrays[2], arrays, sizes, divisors(tuple(stride)), len(stride))


def MaxUnpooling_updateGradInput(gradOutput, gradInput, indices, stride, padding):
    """GradInput = the gradient where each input was put."""
    arrays = channels_last(gradOutput, 'gradOutput'), channels_last(indices, 'indices'), pixels(gradInput)
    sizes = _sizes(gradOutput, gradInput, stride, padding)
    launch(_source, 'unpool_back', arrays[2], arrays, sizes, len(stride), width=1)


def _sizes(large, small, stride, padding):
    """Return the record of the sizes; windows are as large as their step."""
    return Geometry.of(large.shape, small.shape, stride, stride, padding, [1] * len(stride)).record
