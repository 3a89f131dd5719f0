"""Kernels, and what is computed with one: gaussian, laplacian, convolve, lcn, erode, dilate, gaussianpyramid."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.image.arguments import (
    as_type,
    choice,
    default_dtype,
    into,
    number,
    picture,
    whole,
    with_destination,
    with_table,
    working_dtype,
)
from nnlite.image.scaling import scale


@with_table
def gaussian(
    size: int = 3,
    sigma: float = 0.25,
    amplitude: float = 1,
    normalize: bool = False,
    width: int | None = None,
    height: int | None = None,
    sigma_horz: float | None = None,
    sigma_vert: float | None = None,
    mean_horz: float = 0.5,
    mean_vert: float = 0.5,
    tensor: np.ndarray | None = None,
) -> np.ndarray:
    """Return a bell of two dimensions, amplitude exp(-(u² + v²) / 2), or with `normalize` divided by its sum.

    u = (x - mean_horz w - 1/2) / (sigma_horz w) for the columns x = 1 to w, and so v for the rows.

    Args:
        size: what width and height are if they are left out.
        sigma: what sigma_horz and sigma_vert are if they are left out, as a part of the side.
        amplitude: the value at the middle of the bell.
        normalize: whether the sum is to be 1.
        width, height: the result is (height, width), of the default type.
        sigma_horz, sigma_vert, mean_horz, mean_vert: the bell's widths and its middle, as parts of the sides.
        tensor: takes the result, in its own shape and type.

    >>> from nnlite import image
    >>> print(image.gaussian(size=3, sigma=0.5).round(2))
    [[0.64 0.8  0.64]
     [0.8  1.   0.8 ]
     [0.64 0.8  0.64]]

    Raises:
        Error: an argument is no number, or a size or a sigma not above 0.
        ShapeError, DtypeError: `tensor` is not (H, W) of a picture's type.
    """
    where = 'image.gaussian'
    if tensor is not None:
        height, width = picture(where, tensor, 2).shape
    distance = _distance(where, size, sigma, width, height, sigma_horz, sigma_vert, mean_horz, mean_vert)
    return _kernel(where, np.exp(-distance), amplitude, normalize, tensor)


@with_table
def gaussian1D(
    size: int = 3,
    sigma: float = 0.25,
    amplitude: float = 1,
    normalize: bool = False,
    mean: float = 0.5,
    tensor: np.ndarray | None = None,
) -> np.ndarray:
    """Return a bell of one dimension, amplitude exp(-u² / 2), or with `normalize` divided by its sum.

    u = (x - mean n - 1/2) / (sigma n) for x = 1 to n, n the size or that of `tensor`, which takes the result.

    >>> from nnlite import image
    >>> print(image.gaussian1D(5, 0.2, normalize=True).round(3))
    [0.054 0.244 0.403 0.244 0.054]

    Raises:
        Error: an argument is no number, or the size or sigma not above 0.
        ShapeError, DtypeError: `tensor` is not (N) of a picture's type.
    """
    where = 'image.gaussian1D'
    size = whole(where, 'size', size, 1) if tensor is None else picture(where, tensor, 1).size
    u = _offsets(where, size, ('sigma', sigma), ('mean', mean))
    return _kernel(where, np.exp(-(u**2) / 2), amplitude, normalize, tensor)


@with_table
def laplacian(
    size: int = 3,
    sigma: float = 0.1,
    amplitude: float = 1,
    normalize: bool = False,
    width: int | None = None,
    height: int | None = None,
    sigma_horz: float | None = None,
    sigma_vert: float | None = None,
    mean_horz: float = 0.5,
    mean_vert: float = 0.5,
) -> np.ndarray:
    """Return amplitude (1 - d) exp(-d), d = (u² + v²) / 2, or with `normalize` divided by its sum.

    It is the negative Laplacian of `gaussian`, times a number; arguments, u and v are as there.

    >>> from nnlite import image
    >>> print(image.laplacian(3, 0.3).round(2))
    [[-0.07  0.21 -0.07]
     [ 0.21  1.    0.21]
     [-0.07  0.21 -0.07]]

    Raises:
        Error: an argument is no number, or a size or a sigma not above 0.
    """
    where = 'image.laplacian'
    distance = _distance(where, size, sigma, width, height, sigma_horz, sigma_vert, mean_horz, mean_vert)
    return _kernel(where, (1 - distance) * np.exp(-distance), amplitude, normalize, None)


def _distance(
    where: str,
    size: int,
    sigma: float,
    width: int | None,
    height: int | None,
    sigma_horz: float | None,
    sigma_vert: float | None,
    mean_horz: float,
    mean_vert: float,
) -> np.ndarray:
    """Return (u² + v²) / 2 of every place of a kernel."""
    columns = whole(where, 'width', size if width is None else width, 1)
    rows = whole(where, 'height', size if height is None else height, 1)
    u = _offsets(where, columns, ('sigma_horz', sigma if sigma_horz is None else sigma_horz), ('mean_horz', mean_horz))
    v = _offsets(where, rows, ('sigma_vert', sigma if sigma_vert is None else sigma_vert), ('mean_vert', mean_vert))
    return (u**2 + v[:, None] ** 2) / 2


def _offsets(where: str, size: int, sigma: tuple[str, Any], mean: tuple[str, Any]) -> np.ndarray:
    """Return how many sigmas the places of a side are from the mean."""
    spread, middle = number(where, *sigma), number(where, *mean)
    if spread <= 0:
        raise Error(f'expected {sigma[0]} to be above 0, got {sigma[1]!r}', where=where)
    return (np.arange(1, size + 1) - middle * size - 0.5) / (spread * size)


def _kernel(where: str, values: np.ndarray, amplitude: float, normalize: bool, tensor: np.ndarray | None) -> np.ndarray:
    values = values / values.sum() if normalize else number(where, 'amplitude', amplitude) * values
    return as_type(values, default_dtype()) if tensor is None else into(where, tensor, as_type(values, tensor.dtype))


@with_destination(2)
def convolve(src: np.ndarray, kernel: np.ndarray, mode: str = 'valid') -> np.ndarray:
    """Return the convolution dst[y, x] = sum over i, j of kernel[i, j] src[y + h - 1 - i, x + w - 1 - j].

    convolve([dst,] src, kernel[, mode]). `src` is (H, W), or (C, H, W), whose planes are convolved one by one; `kernel`
    (h, w), or (C, h, w) with one for each plane. It is computed in the picture's type; bytes are rounded at the end.

    - valid: where the kernel lies inside, (H - h + 1, W - w + 1).
    - full: wherever it touches the picture, around which there is 0, (H + h - 1, W + w - 1).
    - same: the middle of full, (H, W).

    >>> from nnlite import image
    >>> x = np.arange(9.0).reshape(3, 3)
    >>> image.convolve(x, np.array([[0.0, 1], [0, 0]])).tolist()
    [[3.0, 4.0], [6.0, 7.0]]

    Raises:
        ShapeError, DtypeError: the kernel does not fit the picture, or is not of floats.
        Error: there is no such mode.
    """
    where = 'image.convolve'
    src = picture(where, src)
    kernel = picture(where, kernel)
    mode = choice(where, 'mode', mode, 'valid', 'full', 'same')
    if kernel.ndim == 3 and kernel.shape[:-2] != src.shape[:-2]:
        raise ShapeError(f'expected a kernel for each plane of {src.shape}, got {kernel.shape}', where=where)
    high, wide = kernel.shape[-2:]
    height, width = src.shape[-2:]
    if mode == 'valid' and (high > height or wide > width):
        raise ShapeError(f'expected a kernel inside of {height}x{width}, got {high}x{wide}', where=where)
    dtype = working_dtype(src.dtype)
    margin = [(0, 0)] * (src.ndim - 2) + [(0, 0) if mode == 'valid' else (side - 1, side - 1) for side in (high, wide)]
    result = _convolved(np.pad(src.astype(dtype, copy=False), margin), kernel.astype(dtype, copy=False))
    if mode == 'same':
        top, left = (high - 1) // 2, (wide - 1) // 2
        result = result[..., top : top + height, left : left + width]
    return as_type(result, src.dtype)


def _convolved(src: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return the convolution where the kernel lies inside, as a sum of shifted pictures."""
    high, wide = kernel.shape[-2:]
    height, width = src.shape[-2] - high + 1, src.shape[-1] - wide + 1
    total = np.zeros((*src.shape[:-2], height, width), src.dtype)
    for i in range(high):
        for j in range(wide):
            weight = kernel[..., high - 1 - i, wide - 1 - j, None, None]
            total += weight * src[..., i : i + height, j : j + width]
    return total


def lcn(im: np.ndarray, ker: np.ndarray | None = None) -> np.ndarray:
    """Return a grey picture, locally brought to the mean 0 and at most the deviation 1, as float64.

    z = (im - mean) / deviation of the whole; then (z - m) / max(1, sqrt(max(0, k * z² - m²))), m = k * z, where * is
    the valid convolution: of (H, W) or (1, H, W) and a kernel (h, w) comes (H - h + 1, W - w + 1). The kernel is to sum
    up to 1; left out it is a bell of 9 x 9, gaussian(size=9, sigma=1.591 / 9, normalize=True).

    >>> from nnlite import image
    >>> image.lcn(np.arange(120.0).reshape(10, 12)).shape
    (2, 4)

    Raises:
        ShapeError, DtypeError: the picture is not grey, or smaller than the kernel.
        Error: all its pixels are equal.
    """
    where = 'image.lcn'
    im = picture(where, im)
    if im.ndim == 3 and im.shape[0] != 1:
        raise ShapeError(f'expected the shape (H, W) or (1, H, W), got {im.shape}', where=where, hint='image.rgb2y(x)')
    height, width = im.shape[-2:]
    grey = im.reshape(height, width).astype(np.float64)
    if ker is None:
        kernel = np.exp(-_distance(where, 9, 1.591 / 9, None, None, None, None, 0.5, 0.5))
        kernel /= kernel.sum()
    else:
        kernel = picture(where, ker, 2).astype(np.float64)
    high, wide = kernel.shape
    if high > height or wide > width:
        raise ShapeError(f'expected a picture of {high}x{wide} pixels or more, got {im.shape}', where=where)
    if grey.min() == grey.max():
        raise Error('expected a picture with some contrast, got one value everywhere', where=where)
    grey = (grey - grey.mean()) / grey.std(ddof=1)
    mean = _convolved(grey, kernel)
    deviation = np.sqrt(np.maximum(_convolved(grey * grey, kernel) - mean * mean, 0))
    top, left = high // 2, wide // 2
    middle = grey[top : top + mean.shape[0], left : left + mean.shape[1]]
    return (middle - mean) / np.maximum(deviation, 1)


def erode(im: np.ndarray, kern: np.ndarray | None = None, pad: float = 1) -> np.ndarray:
    """Return the erosion of a picture of zeros and ones: 1 where all pixels under the kernel's ones are 1.

    The kernel, (h, w) of zeros and ones, odd both ways, is turned by half a circle, as a convolution does; it is 3 x 3
    ones if left out. `pad` stands around the picture.

    >>> from nnlite import image
    >>> image.erode(np.array([[1.0, 1, 1, 0]])).tolist()
    [[1.0, 1.0, 0.0, 0.0]]

    Raises:
        ShapeError, DtypeError: the picture is not (H, W), or the kernel even.
    """
    hits, kernel = _hits('image.erode', im, kern, pad)
    return (hits == kernel.sum()).astype(im.dtype)


def dilate(im: np.ndarray, kern: np.ndarray | None = None, pad: float = 0) -> np.ndarray:
    """Return the dilation of a picture of zeros and ones: 1 where a pixel under the kernel's ones is 1.

    The kernel, (h, w) of zeros and ones, odd both ways, lies as it is; it is 3 x 3 ones if left out. `pad` stands
    around the picture.

    >>> from nnlite import image
    >>> image.dilate(np.array([[0.0, 0, 0, 1]])).tolist()
    [[0.0, 0.0, 1.0, 1.0]]

    Raises:
        ShapeError, DtypeError: the picture is not (H, W), or the kernel even.
    """
    turned = kern[::-1, ::-1] if isinstance(kern, np.ndarray) and kern.ndim == 2 else kern
    hits, _ = _hits('image.dilate', im, turned, pad)
    return (hits > 0).astype(im.dtype)


def _hits(where: str, im: Any, kern: Any, pad: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the convolution of a padded picture in float64, and the kernel."""
    im = picture(where, im, 2)
    kernel = np.ones((3, 3)) if kern is None else picture(where, kern, 2).astype(np.float64)
    if kernel.shape[0] % 2 == 0 or kernel.shape[1] % 2 == 0:
        raise ShapeError(f'expected a kernel that is odd both ways, got {kernel.shape}', where=where)
    margin = [(side // 2, side // 2) for side in kernel.shape]
    padded = np.pad(im.astype(np.float64), margin, constant_values=number(where, 'pad', pad))
    return _convolved(padded, kernel), kernel


def gaussianpyramid(*args: Any) -> list[np.ndarray]:
    """Return a picture in several sizes, each made of the one before, blurred.

    gaussianpyramid([dst,] src, scales). The i-th picture is `scales[i]` times as high and wide as `src`, scaled in the
    mode simple from the one before after a convolution with gaussian(size=3, normalize=True), mode same; the first from
    `src` itself. A list `dst` gets the pictures, and is returned.

    >>> from nnlite import image
    >>> [x.shape for x in image.gaussianpyramid(np.ones((3, 8, 12)), [1, 0.5, 0.25])]
    [(3, 8, 12), (3, 4, 6), (3, 2, 3)]

    Raises:
        Error: other arguments than these, or a scale not above 0.
        ShapeError, DtypeError: the picture is not (C, H, W) or (H, W) of a picture's type.
    """
    where = 'image.gaussianpyramid'
    if len(args) not in (2, 3) or not isinstance(args[-1], Sequence | np.ndarray):
        raise Error(f'expected ([dst,] src, scales), a list of scales, got {len(args)} arguments', where=where)
    dst = args[0] if len(args) == 3 else []
    if not isinstance(dst, list):
        raise Error(f'expected dst to be a list, got {type(dst).__name__}', where=where)
    src = picture(where, args[-2])
    blur = gaussian(size=3, normalize=True)
    pictures, last = [], src
    for factor in args[-1]:
        if number(where, 'a scale', factor) <= 0:
            raise Error(f'expected scales above 0, got {factor!r}', where=where)
        pictures.append(scale(last, src.shape[-1] * factor, src.shape[-2] * factor, 'simple'))
        last = convolve(pictures[-1], blur, 'same')
    dst[:] = pictures
    return dst
