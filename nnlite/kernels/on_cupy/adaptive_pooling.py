"""Pooling over windows that cover a map, as many as the output has pixels, whatever the map's size.

A single window is the mean of each plane, which is average pooling's.
"""

from nnlite.kernels.on_cupy.geometry import Geometry
from nnlite.kernels.on_cupy.launching import Source
from nnlite.kernels.on_cupy.maps import in_widths, launch, pixels
from nnlite.kernels.on_cupy.pooling import AveragePooling_updateGradInput, AveragePooling_updateOutput
from nnlite.kernels.on_numpy.scratch import channels_last, contiguous

_source = Source(
    'adaptive_pooling.cu',
    *in_widths('adaptive_max_pool', 'adaptive_max_pool_back', 'adaptive_average_pool', 'adaptive_average_pool_back'),
)
_ONE, _NONE = (1, 1), (0, 0)


def AdaptiveMaxPooling_updateOutput(input, output, indices):
    """Output (N, C, oH, oW) = the largest input in each of the windows that cover the input (N, C, H, W).

    Indices (2, N, C, oH, oW), in C order: its row and its column in the window, from 1. Equal inputs: the first one
    wins.
    """
    arrays = channels_last(input, 'input'), pixels(output)
    launch(_source, 'adaptive_max_pool', arrays[1], arrays, indices, _sizes(input, output))


def AdaptiveMaxPooling_updateGradInput(gradOutput, indices, gradInput):
    """GradInput: each pixel gathers the gradients of the windows whose largest it was."""
    arrays = channels_last(gradOutput, 'gradOutput'), pixels(gradInput)
    notes = contiguous(indices, 'indices')
    launch(_source, 'adaptive_max_pool_back', arrays[1], arrays, notes, _sizes(gradInput, gradOutput))


def AdaptiveAveragePooling_updateOutput(input, output):
    """Output (N, C, oH, oW) = the mean over each of the windows that cover the input (N, C, H, W)."""
    if output.shape[2:] == _ONE:
        AveragePooling_updateOutput(input, output, input.shape[2:], _ONE, _NONE, True)
        return
    arrays = channels_last(input, 'input'), pixels(output)
    launch(_source, 'adaptive_average_pool', arrays[1], arrays, _sizes(input, output))


def AdaptiveAveragePooling_updateGradInput(gradOutput, gradInput):
    """GradInput: each pixel gathers its shares of the gradients of the windows that it lies in."""
    if gradOutput.shape[2:] == _ONE:
        AveragePooling_updateGradInput(gradOutput, gradInput, gradInput.shape[2:], _ONE, _NONE, True)
        return
    arrays = channels_last(gradOutput, 'gradOutput'), pixels(gradInput)
    launch(_source, 'adaptive_average_pool_back', arrays[1], arrays, _sizes(gradInput, gradOutput))


def _sizes(large, small):
    """Return the record of the maps' sizes; the windows follow from these."""
    return Geometry.of(large.shape, small.shape, _ONE, _ONE, _NONE, _ONE).record
