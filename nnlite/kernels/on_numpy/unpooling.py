"""The way back from max pooling: what was largest in its window stands where it stood, among zeros."""

from nnlite.errors import Error
from nnlite.kernels.on_numpy.pixels import put_at, take_at
from nnlite.kernels.on_numpy.pooling import pixels_of


def MaxUnpooling_updateOutput(input, output, indices, stride, padding):
    """Output (N, C, *space) = 0, but each input (N, C, *out) where max pooling's index says."""
    put_at(input, _valid_pixels(indices, output.shape[2:], stride, padding), output)


def MaxUnpooling_updateGradInput(gradOutput, gradInput, indices, stride, padding):
    """GradInput = the gradient where each input was put."""
    take_at(gradOutput, _valid_pixels(indices, gradOutput.shape[2:], stride, padding), gradInput)


def _valid_pixels(indices, space, stride, padding):
    pixels = pixels_of(indices, space, stride, padding, [1] * len(space))
    if pixels.min(initial=0) < 0:
        raise Error('expected a largest pixel in each window, got a window without one')
    return pixels
