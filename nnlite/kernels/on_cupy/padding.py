"""Padding over one to three sides: each output pixel shows one of the input, or none."""

from nnlite.kernels.on_cupy.geometry import Geometry
from nnlite.kernels.on_cupy.launching import Source
from nnlite.kernels.on_cupy.maps import in_widths, launch, pixels
from nnlite.kernels.on_numpy.scratch import channels_last

BORDERS = 'zero', 'replication', 'reflection'

_source = Source('padding.cu', *in_widths('pad', 'pad_back'))


def BorderPadding_updateOutput(input, output, pads, border):
    """Output = the input in a border; shapes and arguments as in NumPy's."""
    arrays = channels_last(input, 'input'), pixels(output)
    launch(_source, 'pad', arrays[1], arrays, _sizes(input, output, pads), BORDERS.index(border))


def BorderPadding_updateGradInput(gradOutput, gradInput, pads, border):
    """GradInput: each pixel gathers the gradients of the output pixels that show it."""
    arrays = channels_last(gradOutput, 'gradOutput'), pixels(gradInput)
    launch(_source, 'pad_back', arrays[1], arrays, _sizes(gradInput, gradOutput, pads), BORDERS.index(border))


def _sizes(inner, outer, pads):
    one = [1] * len(pads)
    return Geometry.of(inner.shape, outer.shape, one, one, [front for front, _ in pads], one).record
