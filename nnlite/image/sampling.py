"""Pictures looked up at places between their pixels: rotate, warp, affinetransform, polar, logpolar."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.image.arguments import (
    as_type,
    choice,
    destination,
    into,
    number,
    picture,
    with_destination,
    working_dtype,
)
from nnlite.image.scaling import catmull_rom

MODES = ('bilinear', 'bicubic', 'lanczos', 'simple')


@with_destination()
def rotate(src: np.ndarray, theta: float, mode: str = 'simple') -> np.ndarray:
    """Return a picture turned about its centre by `theta` radians, counter-clockwise; what came from outside is 0.

    rotate([dst,] src, theta[, mode]). The pixel at (y, x) from the centre comes from
    (y cos theta + x sin theta, x cos theta - y sin theta). simple: the nearest pixel; bilinear: between four, the
    border's pixels go on for half a pixel. `src` is (C, H, W) or (H, W), and so is the result.

    >>> from nnlite import image
    >>> image.rotate(np.array([[1.0, 2], [3, 4]]), np.pi / 2).tolist()
    [[2.0, 4.0], [1.0, 3.0]]

    Raises:
        Error: `theta` is no number, or there is no such mode.
    """
    where = 'image.rotate'
    src = picture(where, src)
    angle = np.float32(number(where, 'theta', theta))
    mode = choice(where, 'mode', mode, 'simple', 'bilinear')
    height, width = src.shape[-2:]
    down, right = np.float32((height - 1) / 2), np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32)[:, None] - down
    x = np.arange(width, dtype=np.float32) - right
    # Torch's precisions: of two pixels equally near, rounding decides which is taken.
    exact = np.dtype(np.float32) if mode == 'simple' else np.dtype(np.float64)
    sine, cosine = exact.type(math.sin(angle)), exact.type(math.cos(angle))
    if mode == 'simple':
        rows, columns = cosine * y + sine * x + down, cosine * x - sine * y + right
        # To the nearest, halves away from 0; in double precision, where adding 0.5 does not round.
        rows, columns = (np.copysign(np.floor(np.abs(place) + np.float64(0.5)), place) for place in (rows, columns))
        inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
        result = _nearest(src, rows, columns)
    else:
        dtype = working_dtype(src.dtype)
        rows = (cosine * y + sine * x).astype(dtype) + down
        columns = (cosine * x - sine * y).astype(dtype) + right
        inside = (rows > -0.5) & (rows < height - 0.5) & (columns > -0.5) & (columns < width - 0.5)
        result = _sampled(src, rows, columns, _linear)
    return as_type(np.where(inside, result, src.dtype.type(0)), src.dtype)


@with_destination(2)
def warp(
    src: np.ndarray,
    field: np.ndarray,
    mode: str = 'bilinear',
    offset_mode: bool | None = True,
    clamp_mode: str = 'clamp',
    pad_val: float | None = None,
) -> np.ndarray:
    """Return a picture whose pixels come from where a field says: dst[..., y, x] = src at field[:, y, x] + (y, x).

    warp([dst,] src, field[, mode[, offset_mode[, clamp_mode[, pad_val]]]]). `src` is (C, h, w) or (h, w), `field`
    (2, H, W), rows first, the result (C, H, W) or (H, W). Without `offset_mode` the field says the place itself.

    - simple: the nearest pixel. bilinear: between four.
    - bicubic: Catmull and Rom's cubic through 16; of these, those outside count as `pad_val` in either mode.
    - lanczos: 36 pixels weighted by sinc(d) sinc(d / 3), d from -3 to 3, and divided by the weights' sum.

    A place outside becomes the nearest inside (clamp), or its pixel `pad_val` (pad), which is 0 if it is left out.
    Places are rounded to single precision, as in Torch.

    >>> from nnlite import image
    >>> left = np.zeros((2, 1, 3))
    >>> left[1] = -0.5
    >>> image.warp(np.array([[2.0, 4, 8]]), left).tolist()
    [[2.0, 3.0, 6.0]]
    >>> image.warp(np.array([[2.0, 4, 8]]), left, 'simple', True, 'pad', 1).tolist()
    [[1.0, 4.0, 8.0]]

    Raises:
        ShapeError, DtypeError: the field is not (2, H, W) of floats.
        Error: it has NaNs, there is no such mode, or `pad_val` is given without 'pad'.
    """
    return _warped('image.warp', src, field, mode, offset_mode, clamp_mode, pad_val)


@with_destination(2)
def affinetransform(
    src: np.ndarray,
    matrix: np.ndarray,
    mode: str = 'bilinear',
    translation: Sequence[float] | np.ndarray | None = None,
    clamp_mode: str = 'clamp',
    pad_val: float | None = None,
) -> np.ndarray:
    """Return a picture whose pixel p comes from centre + matrix (p - centre) - translation; p is (y, x).

    affinetransform([dst,] src, matrix[, mode[, translation[, clamp_mode[, pad_val]]]]). `matrix` is (2, 2),
    `translation` two numbers, all rows first; the rest is as in `warp`. The result has the shape of the picture.

    >>> from nnlite import image
    >>> image.affinetransform(np.array([[1.0, 2], [3, 4]]), np.array([[0.0, 1], [-1, 0]])).tolist()
    [[2.0, 4.0], [1.0, 3.0]]

    Raises:
        ShapeError: the matrix or the translation is of another shape.
        Error: one of them is not of numbers; else as of `warp`.
    """
    where = 'image.affinetransform'
    src = picture(where, src)
    translation = (0, 0) if translation is None else translation
    try:
        matrix, translation = np.asarray(matrix, np.float64), np.asarray(translation, np.float64)
    except (TypeError, ValueError) as error:
        raise Error(f'expected matrix and translation to be of numbers, got others: {error}', where=where) from error
    if matrix.shape != (2, 2) or translation.shape != (2,):
        shapes = f'{matrix.shape} and {translation.shape}'
        raise ShapeError(
            f'expected matrix and translation to be of the shapes (2, 2) and (2,), got {shapes}', where=where
        )
    centre = (np.array(src.shape[-2:]) - 1) / 2
    offset = np.indices(src.shape[-2:]) - centre[:, None, None]
    places = np.tensordot(matrix, offset, 1) + (centre - translation)[:, None, None]
    return _warped(where, src, places, mode, False, clamp_mode, pad_val)


def _warped(
    where: str, src: Any, field: Any, mode: str, offset_mode: bool | None, clamp_mode: str, pad_val: float | None
) -> np.ndarray:
    src = picture(where, src)
    field = picture(where, field, 3, channels=2, floating=True)
    mode = choice(where, 'mode', mode, *MODES)
    clamp_mode = choice(where, 'clamp_mode', clamp_mode, 'clamp', 'pad')
    if clamp_mode == 'clamp' and pad_val is not None:
        raise Error(f"expected pad_val with clamp_mode 'pad' only, got {pad_val!r} with 'clamp'", where=where)
    pad = number(where, 'pad_val', 0 if pad_val is None else pad_val)
    height, width = src.shape[-2:]
    rows, columns = field.astype(np.float32)
    if np.isnan(rows).any() or np.isnan(columns).any():
        raise Error('expected a field of numbers, got some NaN', where=where)
    if offset_mode is None or offset_mode:
        rows = rows + np.arange(rows.shape[0], dtype=np.float32)[:, None]
        columns = columns + np.arange(rows.shape[1], dtype=np.float32)
    outside = (rows < 0) | (rows > height - 1) | (columns < 0) | (columns > width - 1)
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    if mode == 'simple':
        result = _nearest(src, np.floor(rows + 0.5), np.floor(columns + 0.5))
    elif mode == 'bicubic':
        result = _sampled(src, rows, columns, catmull_rom, pad)
    else:
        result = _sampled(src, rows, columns, _linear if mode == 'bilinear' else _lanczos)
    result = as_type(result, src.dtype)
    if clamp_mode == 'pad':
        result[..., outside] = as_type(np.array(pad), src.dtype)
    return result


def _nearest(src: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the pixels at places that are whole numbers, the nearest inside for those outside."""
    height, width = src.shape[-2:]
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    places = rows.astype(np.intp) * width + columns.astype(np.intp)
    return np.take(src.reshape(*src.shape[:-2], -1), places, -1)


def _sampled(
    src: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    weights: Callable[[np.ndarray], list[np.ndarray]],
    pad: float | None = None,
) -> np.ndarray:
    """Return weighted sums of the pixels around places, an even number each way.

    Args:
        src: the picture.
        rows, columns: the places.
        weights: takes how far a place lies beyond the pixel before it, returns the weight of each pixel in a row.
        pad: the value of pixels outside; if None, they are the nearest inside.
    """
    dtype = working_dtype(src.dtype)
    height, width = src.shape[-2:]
    top, left = np.floor(rows), np.floor(columns)
    down, right = weights((rows - top).astype(dtype)), weights((columns - left).astype(dtype))
    total = np.zeros((*src.shape[:-2], *rows.shape), dtype)
    for y, weight_y in enumerate(down, 1 - len(down) // 2):
        for x, weight_x in enumerate(right, 1 - len(right) // 2):
            pixels = _nearest(src, top + y, left + x)
            if pad is not None:
                outside = (top + y < 0) | (top + y >= height) | (left + x < 0) | (left + x >= width)
                pixels = np.where(outside, dtype.type(pad), pixels)
            total += (weight_y * weight_x) * pixels
    return total


def _linear(part: np.ndarray) -> list[np.ndarray]:
    return [1 - part, part]


def _lanczos(part: np.ndarray) -> list[np.ndarray]:
    distances = [part - tap for tap in range(-2, 4)]
    weights = [np.sinc(distance) * np.sinc(distance / 3) for distance in distances]
    total = np.sum(weights, 0)
    return [weight / total for weight in weights]


def polar(*args: Any) -> np.ndarray:
    """Return a picture in polar coordinates, the angle downwards, the radius to the right.

    polar([dst,] src[, interpolation[, mode]]). Row j of m is the angle a = 2 pi j / m, column i of n the radius
    r = R i / n, at (y, x) = (H / 2 + r cos a, W / 2 - r sin a). R is half the shorter side (mode valid), or half the
    diagonal (full), where what lies outside is 0. The result is a square as wide as the longer side, or of `dst`'s
    size. simple takes floor(y), floor(x), bilinear the four pixels around where there are four.

    >>> from nnlite import image
    >>> image.polar(np.eye(4)).shape, float(image.polar(np.eye(4))[0, 0])
    ((4, 4), 1.0)

    Raises:
        Error: there is no such interpolation or mode.
        ShapeError, DtypeError: `dst` is of another type or has other channels.
    """
    return _unrolled('image.polar', args, lambda column, columns, reach: reach * column / columns)


def logpolar(*args: Any) -> np.ndarray:
    """Return a picture in log-polar coordinates: as `polar`, but for the radius r = R^(i / n).

    logpolar([dst,] src[, interpolation[, mode]]).

    >>> from nnlite import image
    >>> image.logpolar(np.ones((3, 5, 7)), 'bilinear').shape
    (3, 7, 7)

    Raises:
        Error, ShapeError, DtypeError: as of `polar`.
    """

    def radius(column: np.ndarray, columns: int, reach: np.float32) -> np.ndarray:
        step = np.float32(math.log(reach) / columns)
        return np.exp((column * step).astype(np.float64)).astype(np.float32)

    return _unrolled('image.logpolar', args, radius)


def _unrolled(
    where: str, args: tuple[Any, ...], radius: Callable[[np.ndarray, int, np.float32], np.ndarray]
) -> np.ndarray:
    dst, src, rest = destination(args)
    src = picture(where, src)
    if len(rest) > 2:
        raise Error(f'expected ([dst,] src, interpolation, mode), got {len(args)} arguments', where=where)
    interpolation = choice(where, 'interpolation', rest[0] if rest else None, 'simple', 'bilinear')
    mode = choice(where, 'mode', rest[1] if len(rest) > 1 else None, 'valid', 'full')
    height, width = src.shape[-2:]
    down, right = (max(height, width),) * 2 if dst is None else picture(where, dst).shape[-2:]
    reach = np.float32(math.hypot(height, width) / 2 if mode == 'full' else min(height, width) / 2)
    # Angles and radii in single precision, as in Torch: whether floor(H / 2 + r cos a) is a pixel less depends on it.
    angles = (2 * math.pi * np.arange(down) / down).astype(np.float32).astype(np.float64)[:, None]
    radii = radius(np.arange(right, dtype=np.float32), right, reach).astype(np.float64)
    rows, columns = height / 2 + radii * np.cos(angles), width / 2 - radii * np.sin(angles)
    if interpolation == 'bilinear':
        rows, columns = (place.astype(working_dtype(src.dtype)) for place in (rows, columns))
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    if interpolation == 'simple':
        result = _nearest(src, np.floor(rows), np.floor(columns))
    else:
        alone = (rows >= height - 1) | (columns >= width - 1)
        rows, columns = (np.where(alone, np.floor(place), place) for place in (rows, columns))
        result = _sampled(src, rows, columns, _linear)
    result = as_type(np.where(inside, result, src.dtype.type(0)), src.dtype)
    return result if dst is None else into(where, dst, result)
