"""Pixels to other places: crop, translate, flips. No pixel changes its value but where `crop` fills a given array."""

from typing import Any

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.image.arguments import choice, destination, into, number, picture, whole, with_destination
from nnlite.image.scaling import scale
from nnlite.tensor.dimensions import axis_of

FORMATS = ('c', 'tl', 'tr', 'bl', 'br')


def crop(*args: Any) -> np.ndarray:
    """Return a rectangle of a picture: dst[..., y, x] = src[..., y1 + y, x1 + x].

    crop([dst,] src, x1, y1, x2, y2) takes the columns from x1 up to, not including, x2 and the rows from y1 to y2,
    counted from 0. crop([dst,] src, format, width, height) takes them at the centre ('c') or in a corner ('tl', 'tr',
    'bl', 'br': top left ...). A `dst` of another size gets the rectangle scaled. crop(dst, src, x1, y1) takes as much
    as `dst` holds. `src` is (C, H, W) or (H, W); what comes after the point of a number is cut off.

    >>> from nnlite import image
    >>> x = np.arange(12, dtype='float32').reshape(3, 4)
    >>> image.crop(x, 1, 0, 3, 2).tolist()
    [[1.0, 2.0], [5.0, 6.0]]
    >>> image.crop(x, 'br', 2, 1).tolist()
    [[10.0, 11.0]]

    Raises:
        Error: other arguments than these.
        ShapeError: the rectangle is empty or leaves the picture, or `dst` has other channels.
    """
    where = 'image.crop'
    dst, src, rest = destination(args)
    src = picture(where, src)
    height, width = src.shape[-2:]
    if len(rest) == 3 and isinstance(rest[0], str):
        anchor = choice(where, 'format', rest[0], *FORMATS)
        across, down = whole(where, 'width', rest[1], 1), whole(where, 'height', rest[2], 1)
        if anchor == 'c':
            x1, y1 = (width - across) // 2, (height - down) // 2
        else:
            x1 = 0 if anchor[1] == 'l' else width - across
            y1 = 0 if anchor[0] == 't' else height - down
    elif len(rest) == 4 or (len(rest) == 2 and dst is not None):
        x1, y1 = whole(where, 'x1', rest[0]), whole(where, 'y1', rest[1])
        if dst is not None and len(rest) == 2:
            down, across = picture(where, dst).shape[-2:]
        else:
            across = int(number(where, 'x2', rest[2]) - number(where, 'x1', rest[0]))
            down = int(number(where, 'y2', rest[3]) - number(where, 'y1', rest[1]))
    else:
        forms = '([dst,] src, x1, y1, x2, y2), ([dst,] src, format, width, height) or (dst, src, x1, y1)'
        raise Error(f'expected {forms}, got {len(args)} arguments', where=where)
    if across < 1 or down < 1 or x1 < 0 or y1 < 0 or x1 + across > width or y1 + down > height:
        raise ShapeError(
            f'expected a rectangle inside of {width}x{height}, got {across}x{down} at column {x1}, row {y1}',
            where=where,
        )
    result = src[..., y1 : y1 + down, x1 : x1 + across]
    if dst is None:
        return np.ascontiguousarray(result)
    return into(where, dst, result) if dst.shape == result.shape else scale(dst, result)


@with_destination()
def translate(src: np.ndarray, x: float, y: float) -> np.ndarray:
    """Return a picture moved to the right by x pixels and down by y: dst[..., r + y, c + x] = src[..., r, c].

    translate([dst,] src, x, y). What leaves the picture is lost, what is left empty is 0. `src` is (C, H, W) or (H, W).

    >>> from nnlite import image
    >>> image.translate(np.array([[1.0, 2], [3, 4]]), 1, -1).tolist()
    [[0.0, 3.0], [0.0, 0.0]]

    Raises:
        Error: x or y is no number.
    """
    src = picture('image.translate', src)
    right, down = whole('image.translate', 'x', x), whole('image.translate', 'y', y)
    height, width = src.shape[-2:]
    dst = np.zeros(src.shape, src.dtype)
    if abs(right) < width and abs(down) < height:
        to_rows, from_rows = _overlap(down, height)
        to_columns, from_columns = _overlap(right, width)
        dst[..., to_rows, to_columns] = src[..., from_rows, from_columns]
    return dst


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    return slice(max(shift, 0), size + min(shift, 0)), slice(max(-shift, 0), size - max(shift, 0))


@with_destination()
def hflip(src: np.ndarray) -> np.ndarray:
    """Return a picture (C, H, W) or (H, W) with left and right exchanged.

    hflip([dst,] src).

    >>> from nnlite import image
    >>> image.hflip(np.array([[1.0, 2, 3]])).tolist()
    [[3.0, 2.0, 1.0]]
    """
    return np.ascontiguousarray(picture('image.hflip', src)[..., ::-1])


@with_destination()
def vflip(src: np.ndarray) -> np.ndarray:
    """Return a picture (C, H, W) or (H, W) turned upside down.

    vflip([dst,] src).

    >>> from nnlite import image
    >>> image.vflip(np.array([[1.0, 2], [3, 4]])).tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    return np.ascontiguousarray(picture('image.vflip', src)[..., ::-1, :])


@with_destination()
def flip(src: np.ndarray, flip_dim: int) -> np.ndarray:
    """Return an array of 1 to 5 dimensions with the order along one of them reversed; they count from 1.

    flip([dst,] src, flip_dim).

    >>> from nnlite import image
    >>> image.flip(np.array([[1.0, 2], [3, 4]]), 1).tolist()
    [[3.0, 4.0], [1.0, 2.0]]

    Raises:
        ShapeError: there is no such dimension.
    """
    src = picture('image.flip', src, 1, 2, 3, 4, 5)
    try:
        axis = axis_of(flip_dim, src.ndim)
    except Error as error:
        raise error.inside('image.flip') from None
    return np.ascontiguousarray(np.flip(src, axis))
