"""Convolution as im2col + GEMM: the form to read.

Every output pixel is a dot product of the weights with the window of the input under it. With these windows side by
side, one matrix product does them all; K = *kernel * planes:

    output (pixels, outputs)      = columns (pixels, K) @ weight^T (K, outputs)
    columns' gradient (pixels, K) = gradOutput (pixels, outputs) @ weight (outputs, K), then back to the input (col2im)
    gradWeight (outputs, K)       = gradOutput^T (outputs, pixels) @ columns (pixels, K)

The products are cuBLAS's, which cannot be captured in a CUDA graph. The columns of some of the images at a time lie in
memory that is used again.
"""

import numpy as np

from nnlite.kernels.on_cupy.finish import Finish, add_scaled
from nnlite.kernels.on_cupy.geometry import vector
from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks
from nnlite.kernels.on_numpy.scratch import channels_last, scratch

COLUMNS = 256 << 20  # bytes of columns at a time, unless those of a single image are more

_source = Source('im2col.cu', *(f'{name}<{{T}}, {planes}>' for name in ('im2col', 'col2im') for planes in (1, 4)))


def takes(dtype, geometry):
    """Return whether this way is for such numbers and sizes."""
    return True


def forward(input, output, weight, finish, geometry):
    """Output (N, *out, outputs) = input (N, *space, planes) * weight (outputs, planes, *kernel), finished."""
    for images, part in _chunks(geometry, input):
        product = output[images].reshape(part.pixels, part.outputs)
        np.matmul(_columns(input[images], part), _matrix(weight).T, out=product)
    finish.apply(output)


def back(gradOutput, gradInput, weight, added, geometry):
    """GradInput (N, *space, planes) = what gradOutput (N, *out, outputs) hands back to the windows [+ added]."""
    for images, part in _chunks(geometry, gradInput):
        columns = scratch('columns', (part.pixels, part.column), gradInput.dtype)
        np.matmul(gradOutput[images].reshape(part.pixels, part.outputs), _matrix(weight), out=columns)
        _launch('col2im', columns, gradInput[images], part, gradInput[images])
    Finish(residual=added).apply(gradInput)


def weight_gradient(input, gradOutput, gradWeight, scale, geometry):
    """GradWeight (outputs, planes, *kernel) += scale * gradOutput^T @ columns of the input."""
    shape = geometry.outputs, geometry.column
    total, product = (scratch(name, shape, input.dtype) for name in ('gradWeight', 'gradWeight of a chunk'))
    total.fill(0)
    for images, part in _chunks(geometry, input):
        grads = gradOutput[images].reshape(part.pixels, part.outputs)
        np.matmul(grads.T, _columns(input[images], part), out=product)
        np.add(total, product, out=total)
    add_scaled(total, gradWeight, scale)


def _chunks(geometry, maps):
    """Yield (slice of the images, their geometry) of as many images as have room for their columns."""
    image = geometry.part(1)
    step = max(1, COLUMNS // max(1, image.pixels * image.column * maps.itemsize))
    for first in range(0, geometry.images, step):
        count = min(step, geometry.images - first)
        yield slice(first, first + count), geometry.part(count)


def _columns(input, geometry):
    columns = scratch('columns', (geometry.pixels, geometry.column), input.dtype)
    _launch('im2col', input, columns, geometry, columns)
    return columns


def _launch(name, read, written, geometry, elements):
    """Launch one of the kernels, a thread for every V of the elements."""
    planes = vector([geometry.planes], read, written)
    count = elements.size // planes
    name = f'{name}<{{T}}, {planes}>'
    _source.launch(name, read.dtype, blocks(count), THREADS, read, written, geometry.record, count)


def _matrix(weight):
    """Return the weights as (outputs, K), in the order of a column."""
    return channels_last(weight, 'weight').reshape(len(weight), -1)
