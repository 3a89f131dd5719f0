"""Arrays made fit to be seen: minmax, toDisplayTensor, and maps of colours."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.errors import DtypeError, Error, ShapeError
from nnlite.image.arguments import (
    BYTE,
    FLOATS,
    as_type,
    default_dtype,
    number,
    picture,
    whole,
    with_destination,
    with_table,
)
from nnlite.image.colour import hsl2rgb


@with_table
def minmax(
    tensor: np.ndarray,
    min: float | None = None,
    max: float | None = None,
    symm: bool = False,
    inplace: bool = False,
    saturate: bool = False,
    tensorOut: np.ndarray | None = None,
) -> np.ndarray:
    """Return (tensor - min) / (max - min): the values from min to max, brought to 0 to 1.

    Args:
        tensor: an array of 1 to 5 dimensions; of bytes comes one of the default type.
        min, max: left out, the array's own. If they are equal, nothing is divided.
        symm: if both are left out, they are -m and m, m the largest absolute value: 0 becomes 0.5.
        inplace: whether the result goes to `tensor`.
        saturate: whether values outside become 0 and 1.
        tensorOut: takes the result.

    >>> from nnlite import image
    >>> image.minmax(tensor=np.array([-1.0, 0, 3])).tolist()
    [0.0, 0.25, 1.0]
    >>> image.minmax(dict(tensor=np.array([-1.0, 0, 3]), max=2, min=0, saturate=True)).tolist()
    [0.0, 0.0, 1.0]

    Raises:
        Error: min or max is no number.
        ShapeError, DtypeError: `tensor` is no picture, or what is to take the result is not of its shape and of floats.
    """
    where = 'image.minmax'
    tensor = picture(where, tensor, 1, 2, 3, 4, 5)
    out = tensorOut if tensorOut is not None else tensor if inplace else None
    if out is not None:
        picture(where, out, 1, 2, 3, 4, 5, floating=True)
        if out.shape != tensor.shape:
            raise ShapeError(f'expected tensorOut to be of the shape {tensor.shape}, got {out.shape}', where=where)
    dtype = out.dtype if out is not None else tensor.dtype if tensor.dtype in FLOATS else default_dtype()
    values = tensor.astype(dtype)
    largest = np.abs(values).max()
    low = number(where, 'min', min) if min is not None else -largest if symm else values.min()
    values -= dtype.type(low)
    if max is not None:
        span = number(where, 'max', max) - low
    elif symm:
        span = 2 * largest if min is None else 0  # 0, as in Torch: symm goes with neither
    else:
        span = values.max()
    if span != 0:
        values /= dtype.type(span)
    if saturate and not (min is None and max is None):
        np.clip(values, 0, 1, out=values)
    if out is None:
        return values
    np.copyto(out, values)
    return out


@with_table
def toDisplayTensor(
    input: np.ndarray | Sequence[np.ndarray],
    padding: int = 0,
    nrow: int = 6,
    scaleeach: bool = False,
    min: float | None = None,
    max: float | None = None,
    symmetric: bool = False,
    saturate: bool = True,
) -> np.ndarray:
    """Return many pictures as one: a grid of them, row by row, its values brought to 0 to 1 by `minmax`.

    Args:
        input: (N, 3, H, W), (N, 1, H, W), (N, H, W) of grey ones, or a list of pictures of one shape; or a single
            (H, W), (1, H, W) or (3, H, W), which is only brought to 0 to 1. Bytes become the default type.
        padding: pixels between two pictures, in the largest value there is; half of them lie around the grid.
        nrow: pictures in a row.
        scaleeach: whether each is brought to 0 to 1 by itself.
        min, max, symmetric, saturate: as in `minmax`, `symmetric` being its `symm`.

    Returns:
        (3, h, w), (1, h, w), or (h, w) of (N, H, W).

    >>> from nnlite import image
    >>> image.toDisplayTensor(np.zeros((7, 3, 10, 20)), padding=2, nrow=4).shape
    (3, 24, 88)
    >>> image.toDisplayTensor(dict(input=[np.zeros((5, 5))] * 2)).shape
    (1, 5, 10)

    Raises:
        ShapeError, DtypeError, Error: the pictures are of different or other shapes or types, or `nrow` below 1.
    """
    where = 'image.toDisplayTensor'
    gap, nrow = whole(where, 'padding', padding, 0), whole(where, 'nrow', nrow, 1)
    packed = _packed(where, input)
    ranges: dict[str, Any] = dict(min=min, max=max, symm=symmetric, saturate=saturate, inplace=True)
    if packed.ndim == 2 or (packed.ndim == 3 and packed.shape[0] in (1, 3)):
        return minmax(packed, **ranges)
    if packed.ndim == 4 and packed.shape[1] not in (1, 3):
        raise ShapeError(f'expected pictures of 1 or 3 planes, got {packed.shape}', where=where)
    if scaleeach:
        for one in packed:
            minmax(one, **ranges)
    count, (height, width) = len(packed), np.array(packed.shape[-2:]) + gap
    columns = nrow if nrow < count else count
    rows = -(-count // columns)
    grid = np.full((*packed.shape[1:-2], rows * height, columns * width), packed.max(), packed.dtype)
    for place, one in enumerate(packed):
        top, left = place // columns * height + gap // 2, place % columns * width + gap // 2
        grid[..., top : top + height - gap, left : left + width - gap] = one
    return grid if scaleeach else minmax(grid, **ranges)


def _packed(where: str, given: Any) -> np.ndarray:
    """Return a copy of the pictures as floats, of a list as (N, C, H, W)."""
    if isinstance(given, list | tuple):
        if not given:
            raise Error('expected some pictures, got an empty list', where=where)
        pictures = [picture(where, one) for one in given]
        for one in pictures:
            if one.shape != pictures[0].shape:
                raise ShapeError(
                    f'expected pictures of one shape, got {pictures[0].shape} and {one.shape}', where=where
                )
            if one.dtype != pictures[0].dtype:
                raise DtypeError(f'expected pictures of one type, got {pictures[0].dtype} and {one.dtype}', where=where)
        given = np.stack([one if one.ndim == 3 else one[None] for one in pictures])
    given = picture(where, given, 2, 3, 4)
    return given.astype(given.dtype if given.dtype in FLOATS else default_dtype())


def colormap(nbColor: int) -> np.ndarray:
    """Return so many colours far from each other, (nbColor, 3) of the default type, around the circle of hues.

    Each hue is 39 degrees on from the one before, each saturation 1/9, from 0.3 up to 1 and again; lightness is 0.5.

    >>> from nnlite import image
    >>> print(image.colormap(3).round(2))
    [[0.65 0.35 0.35]
     [0.71 0.56 0.29]
     [0.6  0.76 0.24]]

    Raises:
        Error: it is no number from 1 up.
    """
    count = whole('image.colormap', 'nbColor', nbColor, 1)
    # Added up as Torch does: it is rounding that says which colour comes at a turn.
    saturation = np.cumsum(np.r_[0, np.full(count - 1, 1 / 9)]) % 0.7 + 0.3
    hue = np.arange(count) * 39 % 360 / 360
    colours = hsl2rgb(np.stack([hue, saturation, np.full(count, 0.5)])[:, None])
    return as_type(colours[:, 0].T, default_dtype())


def jetColormap(nbColor: int) -> np.ndarray:
    """Return the colours from blue over green to red, (nbColor, 3) of the default type.

    Red is min(4t - 1.5, 4.5 - 4t), green min(4t - 0.5, 3.5 - 4t), blue min(4t + 0.5, 2.5 - 4t), cut off at 0 and 1,
    for t = 1/n to 1.

    >>> from nnlite import image
    >>> print(image.jetColormap(4))
    [[0.  0.5 1. ]
     [0.5 1.  0.5]
     [1.  0.5 0. ]
     [0.5 0.  0. ]]

    Raises:
        Error: it is no number from 1 up.
    """
    count = whole('image.jetColormap', 'nbColor', nbColor, 1)
    return as_type(_jet(np.arange(1, count + 1) / count).T, default_dtype())


def _jet(part: np.ndarray) -> np.ndarray:
    """Return red, green and blue of parts from 0 to 1, along a new first axis."""
    return np.stack([np.clip(np.minimum(4 * part + up, down - 4 * part), 0, 1) for up, down in _RAMPS])


_RAMPS = ((-1.5, 4.5), (-0.5, 3.5), (0.5, 2.5))


@with_destination()
def y2jet(src: np.ndarray) -> np.ndarray:
    """Return a picture of levels 1 to L as (3, H, W), from blue to red as in `jetColormap`.

    y2jet([dst,] src).

    `src` is (H, W), (1, H, W) or (N), which becomes one row; L is its largest value. Bytes give bytes.

    >>> from nnlite import image
    >>> image.y2jet(np.array([[1.0, 4]]))[:, 0].tolist()
    [[0.0, 0.5], [0.5, 0.0], [1.0, 0.0]]

    Raises:
        ShapeError, DtypeError: it is of another shape or type.
        Error: a level is below 1 or not finite.
    """
    where = 'image.y2jet'
    src = picture(where, src, 1, 2, 3)
    if src.ndim == 3 and src.shape[0] != 1:
        raise ShapeError(f'expected the shape (N), (H, W) or (1, H, W), got {src.shape}', where=where)
    if not np.isfinite(src).all() or src.min() < 1:
        raise Error('expected levels from 1 up, got one that is not', where=where, hint='x + 1')
    levels = np.floor(src.reshape(-1, src.shape[-1]).astype(np.float64))
    colours = _jet(levels / levels.max())
    return as_type(colours * 255 if src.dtype == BYTE else colours, src.dtype)
