"""Up-sampling over one to three sides: by repeating pixels, or by lines between them."""

from nnlite.kernels.on_cupy.geometry import Geometry
from nnlite.kernels.on_cupy.launching import Source
from nnlite.kernels.on_cupy.maps import divisors, in_widths, launch, pixels
from nnlite.kernels.on_numpy.scratch import channels_last

_source = Source('upsampling.cu', *in_widths('repeat', 'repeat_back', 'draw_lines', 'draw_lines_back'))


def UpSamplingNearest_updateOutput(input, output, scale):
    """Output (N, C, *(space * scale))[..., place] = input (N, C, *space)[..., place // scale]."""
    arrays = channels_last(input, 'input'), pixels(output)
    scales = divisors((scale,) * (input.ndim - 2))
    launch(_source, 'repeat', arrays[1], arrays, _sizes(input, output, scale), scales)


def UpSamplingNearest_updateGradInput(gradOutput, gradInput, scale):
    """GradInput = the sum of gradOutput over each pixel's square or cube."""
    arrays = channels_last(gradOutput, 'gradOutput'), pixels(gradInput)
    launch(_source, 'repeat_back', arrays[1], arrays, _sizes(gradInput, gradOutput, scale))


def UpSamplingLinear_updateOutput(input, output):
    """Output (N, C, *out) = the input (N, C, *space) along straight lines, side by side, the corners in the corners."""
    arrays = channels_last(input, 'input'), pixels(output)
    launch(_source, 'draw_lines', arrays[1], arrays, _sizes(input, output), input.ndim - 2)


def UpSamplingLinear_updateGradInput(gradOutput, gradInput):
    """GradInput: each pixel gathers, by its shares, the gradients of the output pixels whose lines end at it."""
    arrays = channels_last(gradOutput, 'gradOutput'), pixels(gradInput)
    launch(_source, 'draw_lines_back', arrays[1], arrays, _sizes(gradInput, gradOutput))


def _sizes(small, large, scale=1):
    sides = small.ndim - 2
    one, none = [1] * sides, [0] * sides
    return Geometry.of(small.shape, large.shape, [scale] * sides, one, none, one).record
