"""Pooling over one to three sides: windows are looked at where they lie, and gradients gathered from them."""

from nnlite.kernels.on_cupy.geometry import Geometry, vector
from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks
from nnlite.kernels.on_cupy.maps import WARP, divisors, in_widths, launch, pixels
from nnlite.kernels.on_numpy.scratch import channels_last

FEW = 1 << 17  # threads: with less of them a GPU waits for memory, if each has much to read
LARGE = 16  # pixels of a window

_source = Source(
    'pooling.cu',
    *in_widths('max_pool', 'max_pool_back', 'average_pool', 'average_pool_together', 'average_pool_back'),
)


def MaxPooling_updateOutput(input, output, indices, kernel, stride, padding, dilation):
    """Output = the largest input in each window; equal inputs: the first one wins; indices: where it stood.

    Shapes and indices: as in NumPy's.
    """
    geometry = Geometry.of(input.shape, output.shape, kernel, stride, padding, dilation)
    arrays = channels_last(input, 'input'), pixels(output), pixels(indices)
    launch(_source, 'max_pool', arrays[1], arrays, geometry.record, len(kernel))


def MaxPooling_updateGradInput(gradOutput, indices, gradInput, kernel, stride, padding, dilation):
    """GradInput: each pixel gathers the gradients of the windows whose largest it was."""
    geometry = Geometry.of(gradInput.shape, gradOutput.shape, kernel, stride, padding, dilation)
    arrays = channels_last(gradOutput, 'gradOutput'), channels_last(indices, 'indices'), pixels(gradInput)
    launch(_source, 'max_pool_back', arrays[2], arrays, geometry.record, divisors(tuple(stride)), len(kernel))


def AveragePooling_updateOutput(input, output, kernel, stride, padding, countIncludePad):
    """Output = the mean over each window; padding counts as zeros that are, or are not, among the counted pixels."""
    geometry = Geometry.of(input.shape, output.shape, kernel, stride, padding, [1] * len(kernel))
    arrays = channels_last(input, 'input'), pixels(output)
    if geometry.taps >= LARGE and output.size < FEW:
        _average_together(*arrays, geometry, bool(countIncludePad))
    else:
        launch(_source, 'average_pool', arrays[1], arrays, geometry.record, bool(countIncludePad))


def AveragePooling_updateGradInput(gradOutput, gradInput, kernel, stride, padding, countIncludePad):
    """GradInput: each pixel gathers its shares of the gradients of the windows that it lies in."""
    geometry = Geometry.of(gradInput.shape, gradOutput.shape, kernel, stride, padding, [1] * len(kernel))
    arrays = channels_last(gradOutput, 'gradOutput'), pixels(gradInput)
    strides = divisors(tuple(stride))
    launch(_source, 'average_pool_back', arrays[1], arrays, geometry.record, strides, bool(countIncludePad))


def _average_together(input, output, geometry, includes):
    """As AveragePooling_updateOutput, of large windows of which there are few."""
    width = vector([geometry.planes], input, output)
    planes = geometry.planes // width
    side = min(WARP, planes)
    sharers = 1 << min(THREADS // side, geometry.taps).bit_length() - 1
    sums = side * sharers * width * max(4, input.itemsize)  # bytes; those of half precision are single
    grid, block = (geometry.pixels, blocks(planes, side)), (side, sharers)
    name = f'average_pool_together<{{T}}, {width}>'
    record = geometry.record
    _source.launch(name, input.dtype, grid, block, input, output, record, includes, planes, shared=sums)
