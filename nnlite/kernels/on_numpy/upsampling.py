"""Up-sampling over any number of spatial dimensions: by repeating pixels, or by lines between them."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.tensor.dimensions import narrow


def UpSamplingNearest_updateOutput(input, output, scale):
    """Output (N, C, *(space * scale))[..., place] = input (N, C, *space)[..., place // scale]."""
    for block in _blocks(input, scale):
        np.copyto(output[block], input)


def UpSamplingNearest_updateGradInput(gradOutput, gradInput, scale):
    """GradInput = the sum of gradOutput over each pixel's square or cube."""
    gradInput.fill(0)
    for block in _blocks(gradInput, scale):
        np.add(gradInput, gradOutput[block], out=gradInput)


def _blocks(maps, scale):
    """Yield the indices of the enlarged maps that have one pixel of each square."""
    for offset in np.ndindex(*[scale] * (maps.ndim - 2)):
        yield (slice(None), slice(None), *(slice(first, None, scale) for first in offset))


def UpSamplingLinear_updateOutput(input, output):
    """Output (N, C, *out) = the input (N, C, *space) along straight lines, side by side, the corners in the corners."""
    for axis in reversed(range(2, input.ndim)):
        shape = *input.shape[:axis], *output.shape[axis:]
        wide = output if axis == 2 else scratch(f'enlarged {axis}', shape, output.dtype, 'map')
        for place, near, far, share in _between(input.shape[axis], shape[axis], output.dtype):
            row, term = narrow(wide, axis, place), narrow(input, axis, far)
            np.multiply(narrow(input, axis, near), 1 - share, out=row)
            np.add(row, np.multiply(term, share, out=_like(term)), out=row)
        input = wide


def UpSamplingLinear_updateGradInput(gradOutput, gradInput):
    """GradInput: each output pixel hands its gradient to the pixels it lies between, by their shares."""
    for axis in range(2, gradInput.ndim):
        shape = *gradInput.shape[: axis + 1], *gradOutput.shape[axis + 1 :]
        narrower = (
            gradInput if axis == gradInput.ndim - 1 else scratch(f'reduced {axis}', shape, gradInput.dtype, 'map')
        )
        narrower.fill(0)
        for place, near, far, share in _between(shape[axis], gradOutput.shape[axis], gradInput.dtype):
            grad = narrow(gradOutput, axis, place)
            for row, part in ((narrow(narrower, axis, near), 1 - share), (narrow(narrower, axis, far), share)):
                np.add(row, np.multiply(grad, part, out=_like(grad)), out=row)
        gradOutput = narrower


def _like(row):
    """Return scratch memory for a row (N, C, *sides) of maps."""
    return scratch('row', row.shape, row.dtype, 'map')


def _between(size, count, dtype):
    """Yield (place, near, far, share of the far one): which of `size` pixels each of `count` lies between.

    THNN computes the share in single precision for every type.

    >>> [(near, far, float(share)) for _, near, far, share in _between(2, 3, np.dtype('float32'))]
    [(0, 1, 0.0), (0, 1, 0.5), (1, 1, 0.0)]
    """
    ratio = np.float32(size - 1) / np.float32(count - 1) if count > 1 else np.float32(0)
    for place in range(count):
        where = ratio * np.float32(place)
        near = int(where)
        yield place, near, min(near + 1, size - 1), dtype.type(where - np.float32(near))
