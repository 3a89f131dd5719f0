"""Pictures made larger or smaller."""

import re
from typing import Any

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.image.arguments import as_type, choice, into, number, picture, whole, working_dtype

MODES = ('bilinear', 'bicubic', 'simple')


def scale(src: np.ndarray, width: Any, height: Any = None, mode: str = 'bilinear') -> np.ndarray:
    """Return a picture in another size, first its rows scaled, then its columns.

    scale(src, width, height[, mode]), scale(src, size[, mode]) or scale(dst, src[, mode]), which fills `dst`. `src` is
    (C, H, W) or (H, W). A size is what the longer side becomes (128 or '128'), or the shorter ('^128'); '64x48', width
    first; or a factor, '*0.5' or '*1/2'. What comes after the point of a side is cut off.

    - bilinear: to more pixels, the corners stay corners, dst[i] lies at i (n - 1) / (m - 1) of n pixels and is
      interpolated between two. To fewer, dst[i] is the mean of [i n/m, (i + 1) n/m), pixels counted as far as they
      lie in it.
    - bicubic: corners stay corners both ways, through four pixels goes Catmull and Rom's cubic; beyond the border the
      picture goes on straight.
    - simple: dst[i] = src[floor(i n/m)].

    Positions are rounded to single precision, and bytes after the rows and after the columns, both as in Torch.

    >>> from nnlite import image
    >>> image.scale(np.array([[0.0, 1.0]]), 5, 1).tolist()
    [[0.0, 0.25, 0.5, 0.75, 1.0]]
    >>> image.scale(np.zeros((3, 48, 64), 'float32'), '^24').shape
    (3, 24, 32)

    Raises:
        Error: there is no such mode, or no such form of a size.
        ShapeError: `dst` has not the channels of the picture.
    """
    where = 'image.scale'
    dst = None
    if isinstance(width, np.ndarray):
        dst, src, mode = picture(where, src), width, mode if height is None else height
        src = picture(where, src)
        rows, columns = dst.shape[-2:]
        if dst.shape[:-2] != src.shape[:-2]:
            due = (*src.shape[:-2], rows, columns)
            raise ShapeError(f'expected dst to be of the shape {due}, got {dst.shape}', where=where)
    else:
        src = picture(where, src)
        if height is None or isinstance(height, str):
            width, height, mode = *_sides(width, src.shape[-1], src.shape[-2]), mode if height is None else height
        columns, rows = (max(1, whole(where, *side)) for side in (('width', width), ('height', height)))
    along = {'bilinear': _linear, 'bicubic': _cubic, 'simple': _nearest}[choice(where, 'mode', mode, *MODES)]
    result = along(along(src, columns, src.ndim - 1), rows, src.ndim - 2)
    return np.array(result, order='C') if dst is None else into(where, dst, result)


def _sides(size: Any, width: int, height: int) -> tuple[float, float]:
    """Return the width and the height that a size asks for."""
    words = size.strip() if isinstance(size, str) else ''
    if fixed := re.fullmatch(r'([0-9]{1,9})x([0-9]{1,9})', words):
        return int(fixed[1]), int(fixed[2])
    if shorter := re.fullmatch(r'\^([0-9]{1,9})', words):
        least = min(width, height)
        return width * int(shorter[1]) / least, height * int(shorter[1]) / least
    if parts := re.fullmatch(r'\*([0-9]{1,9})/0*([1-9][0-9]{0,8})', words):
        return width * int(parts[1]) / int(parts[2]), height * int(parts[1]) / int(parts[2])
    try:
        if words.startswith('*'):
            factor = number('image.scale', 'size', float(words[1:]))
            return width * factor, height * factor
        longer = number('image.scale', 'size', float(words) if words else size)
        return width * longer / max(width, height), height * longer / max(width, height)
    except (ValueError, Error):
        raise Error(
            f"expected a size such as 128, '^128', '64x48', '*0.5' or '*1/2', got {size!r}", where='image.scale'
        ) from None


def _nearest(src: np.ndarray, size: int, axis: int) -> np.ndarray:
    length = src.shape[axis]
    places = (np.arange(size, dtype=np.float32) * (np.float32(length) / np.float32(size))).astype(np.intp)
    return np.take(src, np.minimum(places, length - 1), axis)


def _linear(src: np.ndarray, size: int, axis: int) -> np.ndarray:
    length = src.shape[axis]
    if size == length or length == 1:
        return np.repeat(src, size // length, axis)
    dtype = working_dtype(src.dtype)
    if size < length:
        return as_type(_means(src.astype(dtype, copy=False), size, axis), src.dtype)
    low, part = _between(length, size)
    part = _along(part.astype(dtype), src.ndim, axis)
    left, right = np.take(src, low, axis), np.take(src, low + 1, axis)
    return as_type((1 - part) * left + part * right, src.dtype)


def _means(src: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Return the means of `size` equal stretches."""
    length = src.shape[axis]
    bounds = np.arange(size + 1, dtype=np.float32) * (np.float32(length) / np.float32(size))
    bounds[-1] = length  # whatever rounding made of it
    first, last = bounds[:-1].astype(np.intp), bounds[1:].astype(np.intp)
    before = (bounds[:-1] - first).astype(src.dtype)  # of the first pixel, what lies outside
    beyond = (bounds[1:] - last).astype(src.dtype)  # of the one after the last whole one, what lies inside
    total = np.add.reduceat(src, first, axis)
    total -= _along(before, src.ndim, axis) * np.take(src, first, axis)
    total += _along(beyond, src.ndim, axis) * np.take(src, np.minimum(last, length - 1), axis)
    total /= _along((last - first) - before + beyond, src.ndim, axis)
    return total


def _cubic(src: np.ndarray, size: int, axis: int) -> np.ndarray:
    length = src.shape[axis]
    if size == length or length == 1:
        return np.repeat(src, size // length, axis)
    dtype = working_dtype(src.dtype)
    known = src.astype(dtype, copy=False)
    ends = np.take(known, [0, 1, length - 1, length - 2], axis)
    beyond = 2 * np.take(ends, [0, 2], axis) - np.take(ends, [1, 3], axis)
    known = np.concatenate([np.take(beyond, [0], axis), known, np.take(beyond, [1], axis)], axis)
    low, part = _between(length, size)
    weights = [_along(weight.astype(dtype), src.ndim, axis) for weight in catmull_rom(part)]
    total = sum(weight * np.take(known, low + tap, axis) for tap, weight in enumerate(weights))
    return as_type(np.asarray(total), src.dtype)


def _between(length: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for `size` places, spread over a row from its first to its last pixel, the pixel before and the rest."""
    step = np.float32(length - 1) / np.float32(max(size - 1, 1))
    places = np.arange(size, dtype=np.float32) * step
    low = np.minimum(places.astype(np.intp), length - 2)
    part = places - low.astype(np.float32)
    low[-1], part[-1] = length - 2, 1  # the last is the last, whatever rounding says; a single one too
    return low, part


def catmull_rom(part: np.ndarray) -> list[np.ndarray]:
    """Return the weights of the four pixels around a place `part` of the way from the second to the third.

    >>> [float(weight) for weight in catmull_rom(np.array(0.5))]
    [-0.0625, 0.5625, 0.5625, -0.0625]
    """
    square, cube = part * part, part * part * part
    return [
        (2 * square - part - cube) / 2,
        (2 - 5 * square + 3 * cube) / 2,
        (part + 4 * square - 3 * cube) / 2,
        (cube - square) / 2,
    ]


def _along(vector: np.ndarray, ndim: int, axis: int) -> np.ndarray:
    return vector.reshape(*(-1 if place == axis else 1 for place in range(ndim)))
