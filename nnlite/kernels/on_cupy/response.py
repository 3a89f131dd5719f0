"""Local response normalization: each pixel divided by a power of its neighbours' squares, in the planes around it."""

from nnlite.kernels.on_cupy.launching import Source
from nnlite.kernels.on_cupy.maps import launch, pixels
from nnlite.kernels.on_numpy.scratch import channels_last

_source = Source('response.cu', 'respond<{T}, 1>', 'respond_back<{T}, 1>')


def SpatialCrossMapLRN_updateOutput(input, output, scale, size, alpha, beta, k):
    """Output = input * scale^-beta, where scale = k + alpha / size * the sum of squares over `size` planes.

    Shapes: input, output, scale (N, C, H, W).
    """
    arrays = channels_last(input, 'input'), pixels(output), pixels(scale)
    launch(_source, 'respond', arrays[1], arrays, size, float(alpha), float(beta), float(k), width=1)


def SpatialCrossMapLRN_updateGradInput(input, output, gradOutput, scale, gradInput, size, alpha, beta):
    """GradInput = gradOutput * scale^-beta - 2 alpha beta / size * input * the sum of ratios over `size` planes.

    A plane's ratio is gradOutput * output / scale.
    """
    given = {'input': input, 'output': output, 'gradOutput': gradOutput, 'scale': scale}
    arrays = *(channels_last(maps, purpose) for purpose, maps in given.items()), pixels(gradInput)
    launch(_source, 'respond_back', arrays[-1], arrays, size, float(alpha), float(beta), width=1)
