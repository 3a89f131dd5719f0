"""Windows over maps: what a kernel sees of its input under each output pixel, as columns, and back.

im2col copies these windows side by side, a row for each output pixel: (pixels, *kernel * planes). Those of a batch
would be the kernel's size times larger than itself. They are made for as many images (or rows of one image) at a
time as fit COLUMNS_BUDGET, which the cache holds, and the same memory serves every chunk. col2im goes the other way:
every window hands its gradient back to the pixels that it saw.

Maps (N, planes, *space) lie channels-last, so a window's row of pixels is contiguous. `geometry` is stride, padding and
dilation, each with a number for each of *space.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnlite.errors import ShapeError
from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.tensor.threads import share_out

COLUMNS_BUDGET = 1 << 23  # bytes; with fewer, threads wait more for the interpreter: 2 MB take a quarter longer


def chunks(part, out, column, budget=None):
    """Yield (images, rows), slices of the batch and of the first spatial dimension whose columns fit the budget.

    Args:
        part: which images of the batch.
        out: the output's *space.
        column: the bytes of one window.
        budget: in bytes; None is COLUMNS_BUDGET.
    """
    budget = budget or COLUMNS_BUDGET
    height, *rest = out
    row = math.prod(rest) * column
    images = max(1, budget // (row * height))
    rows = height if images > 1 else max(1, min(height, budget // row))
    for image in range(part.start, part.stop, images):
        for first in range(0, height, rows):
            yield slice(image, min(part.stop, image + images)), slice(first, min(height, first + rows))


def im2col(input, rows, out, kernel, stride, padding, dilation):
    """Return the columns of some rows of output pixels: (pixels, *kernel * planes)."""
    pixels = np.moveaxis(input, 1, -1)
    if {*kernel, *stride} == {1} and not any(padding) and pixels.flags.c_contiguous:
        return pixels[:, rows].reshape(-1, pixels.shape[-1])  # each window is a pixel: these are the columns
    extent = extents(kernel, dilation)
    pixels = framed(pixels, rows, extent[0], stride[0], padding)
    out = (rows.stop - rows.start, *out[1:])
    reach = [(count - 1) * step + size for count, step, size in zip(out, stride, extent, strict=True)]
    expect_reach(reach, pixels.shape[1:-1])  # as_strided does not look
    batch, *space, planes = pixels.strides
    from_pixel_to_pixel = [step * s for step, s in zip(stride, space, strict=True)]
    within_window = [gap * s for gap, s in zip(dilation, space, strict=True)]
    windows = as_strided(
        pixels,
        (len(pixels), *out, *kernel, pixels.shape[-1]),
        (batch, *from_pixel_to_pixel, *within_window, planes),
        writeable=False,
    )
    columns = scratch('columns', windows.shape, pixels.dtype)
    np.copyto(columns, windows)
    return columns.reshape(len(pixels) * math.prod(out), -1)


def expect_reach(reach, sides):
    """Raise unless padded maps have as many pixels, along each side, as windows reach over."""
    if any(size > side for size, side in zip(reach, sides, strict=True)):
        raise ShapeError(f'expected maps of at least {reach} pixels under the windows, got {sides}')


def col2im(gradOutput, gradInput, kernel, stride, padding, dilation, fill):
    """GradInput = at each pixel, the sum of the gradients of all windows at the place where they saw it.

    Args:
        gradOutput: (N, nOutputPlane, *out).
        gradInput: (N, planes, *space), channels-last.
        fill: called with some of gradOutput's pixels (n, rows, ..., nOutputPlane), which rows they are, and columns
            (n, rows, ..., *kernel, planes) to write these windows' gradients into.
    """
    grads, result = channels_last(gradOutput, 'gradOutput'), np.moveaxis(gradInput, 1, -1)
    _, *space, planes = result.shape
    sides = [size + 2 * pad for size, pad in zip(space, padding, strict=True)]
    column = math.prod(kernel) * planes * result.itemsize

    def work(_, part):
        for images, rows in chunks(part, gradOutput.shape[2:], column):
            some = grads[images, rows]
            if rows.start == 0:
                padded = zeros((len(some), *sides, planes), result.dtype)
            columns = scratch('columns', (*some.shape[:-1], *kernel, planes), result.dtype)
            fill(some, rows, columns)
            for offset in np.ndindex(*kernel):
                seen = padded[window(offset, some.shape[1:-1], stride, dilation, rows.start)]
                np.add(seen, columns[(Ellipsis, *offset, slice(None))], out=seen)
            if rows.stop == gradOutput.shape[2]:
                np.copyto(result[images], padded[block(padding, space)])

    share_out(work, len(gradOutput))


def extents(kernel, dilation):
    """Return how many pixels a kernel spans, for each side.

    >>> extents((3, 3), (1, 2))
    [3, 5]
    """
    return [(size - 1) * gap + 1 for size, gap in zip(kernel, dilation, strict=True)]


def framed(pixels, rows, extent, stride, padding, sides=None):
    """Return the rows of pixels (N, *space, C) that some rows of output pixels see, with the padding that they see.

    Args:
        pixels: the map.
        rows: which rows of output pixels.
        extent: how many rows of pixels a window spans.
        stride: from window to window, of the rows.
        padding: for each side.
        sides: how many pixels are seen along the other sides, or None for those there are and as much padding beyond.
    """
    height, *own = pixels.shape[1:-1]
    sides = sides or [side + 2 * pad for side, pad in zip(own, padding[1:], strict=True)]
    first, last = rows.start * stride - padding[0], (rows.stop - 1) * stride + extent - padding[0]
    seen = pixels[:, max(0, first) : max(0, last)]
    if first >= 0 and last <= height and sides == own:
        return seen
    space = [last - first, *sides]
    band = zeros((len(pixels), *space, pixels.shape[-1]), pixels.dtype)
    np.copyto(band[block((max(0, -first), *padding[1:]), seen.shape[1:-1])], seen)
    return band


def zeros(shape, dtype):
    """Return zeros in scratch memory, for a map and the frame around it."""
    zeros = scratch('padded', shape, dtype)
    zeros.fill(0)
    return zeros


def block(corner, sizes):
    """Return the index, into a batch (N, *space, C), of a block of pixels that begins at a corner."""
    return (slice(None), *(slice(begin, begin + size) for begin, size in zip(corner, sizes, strict=True)))


def window(offset, out, stride, dilation, row=0):
    """Return the index, into a framed batch, of the pixels that windows see at one offset into the kernel.

    Args:
        offset: for each side.
        out: how many windows there are, for each side.
        stride: from window to window.
        dilation: from offset to offset.
        row: the row of windows to begin with.
    """
    first = [place * gap for place, gap in zip(offset, dilation, strict=True)]
    first[0] += row * stride[0]
    sides = zip(first, out, stride, strict=True)
    return (slice(None), *(slice(begin, begin + (size - 1) * step + 1, step) for begin, size, step in sides))
