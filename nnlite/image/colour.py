"""Colour spaces: from red, green and blue, 0 to 1, and back. Every picture is (3, H, W)."""

import numpy as np

from nnlite.image.arguments import BYTE, as_type, picture, with_destination, working_dtype

# ITU-R BT.601's luma, and the two differences of colour.
YUV = np.array([[0.299, 0.587, 0.114], [-0.14713, -0.28886, 0.436], [0.615, -0.51499, -0.10001]])
RGB = np.array([[1, 0, 1.13983], [1, -0.39465, -0.58060], [1, 2.03211, 0]])

# sRGB's linear colours in CIE XYZ and back (ITU-R BT.709's primaries), white as D65, and CIE's constants of L*a*b*.
XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
LINEAR = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
)
WHITE = np.array([0.950456, 1, 1.088754])
EPSILON, KAPPA = 216 / 24389, 24389 / 27


def _picture(name: str, src: np.ndarray, floating: bool = False) -> np.ndarray:
    return picture(f'image.{name}', src, 3, channels=3, floating=floating)


def _mixed(matrix: np.ndarray, src: np.ndarray) -> np.ndarray:
    return np.tensordot(matrix.astype(src.dtype), src, 1)


@with_destination()
def rgb2yuv(src: np.ndarray) -> np.ndarray:
    """Return Y = 0.299 R + 0.587 G + 0.114 B and the differences U (blue) and V (red).

    rgb2yuv([dst,] src).

    Y is 0 to 1, U -0.436 to 0.436, V -0.615 to 0.615; so bytes will not do.

    >>> from nnlite import image
    >>> image.rgb2yuv(np.ones((3, 1, 1))).round(3).ravel().tolist()
    [1.0, 0.0, 0.0]

    Raises:
        ShapeError, DtypeError: it is not (3, H, W) of floats.
    """
    return np.ascontiguousarray(_mixed(YUV, _picture('rgb2yuv', src, floating=True)))


@with_destination()
def yuv2rgb(src: np.ndarray) -> np.ndarray:
    """Return R = Y + 1.13983 V, G = Y - 0.39465 U - 0.58060 V, B = Y + 2.03211 U.

    yuv2rgb([dst,] src).

    >>> from nnlite import image
    >>> image.yuv2rgb(np.array([1.0, 0, 0]).reshape(3, 1, 1)).ravel().tolist()
    [1.0, 1.0, 1.0]

    Raises:
        ShapeError, DtypeError: it is not (3, H, W) of floats.
    """
    return np.ascontiguousarray(_mixed(RGB, _picture('yuv2rgb', src, floating=True)))


@with_destination()
def rgb2y(src: np.ndarray) -> np.ndarray:
    """Return the brightness Y = 0.299 R + 0.587 G + 0.114 B as (1, H, W).

    rgb2y([dst,] src). Bytes are rounded.

    >>> from nnlite import image
    >>> image.rgb2y(np.array([255, 0, 0], 'uint8').reshape(3, 1, 1)).tolist()
    [[[76]]]

    Raises:
        ShapeError, DtypeError: it is not (3, H, W) of a picture's type.
    """
    src = _picture('rgb2y', src)
    return as_type(_mixed(YUV[:1], src.astype(working_dtype(src.dtype), copy=False)), src.dtype)


def _as_shares(src: np.ndarray) -> np.ndarray:
    """Return a picture as floats from 0 to 1."""
    return src.astype(np.float32) / np.float32(255) if src.dtype == BYTE else src


def _of_shares(shares: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return as_type(shares * shares.dtype.type(255) if dtype == BYTE else shares, dtype)


def _hue(src: np.ndarray, highest: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """Return the hue, 0 to 1 from red over green and blue to red; 0 of greys."""
    red, green, blue = src
    divisor = np.where(chroma == 0, src.dtype.type(1), chroma)
    sectors = [(green - blue) / divisor % 6, (blue - red) / divisor + 2]
    hue = np.select([highest == red, highest == green], sectors, (red - green) / divisor + 4)
    return np.where(chroma == 0, 0, hue / 6)


def _pure(hue: np.ndarray) -> np.ndarray:
    """Return the pure colours of hues, as shares of red, green and blue: 1 in a third of the circle, then falling."""
    turned = (hue + np.array([1 / 3, 0, -1 / 3], hue.dtype)[:, None, None]) % 1
    return np.clip(np.minimum(6 * turned, 4 - 6 * turned), 0, 1)


@with_destination()
def rgb2hsl(src: np.ndarray) -> np.ndarray:
    """Return hue, saturation and lightness, each 0 to 1, or 0 to 255 of bytes.

    rgb2hsl([dst,] src).

    L = (max + min) / 2, S = (max - min) / (1 - |2 L - 1|), H from red over green (1/3) and blue (2/3) to red.

    >>> from nnlite import image
    >>> image.rgb2hsl(np.array([0, 1.0, 0]).reshape(3, 1, 1)).round(3).ravel().tolist()
    [0.333, 1.0, 0.5]

    Raises:
        ShapeError, DtypeError: it is not (3, H, W) of a picture's type.
    """
    shares = _as_shares(_picture('rgb2hsl', src))
    highest, lowest = shares.max(0), shares.min(0)
    chroma, total = highest - lowest, highest + lowest
    divisor = np.where(total > 1, 2 - total, total)
    saturation = np.where(chroma == 0, 0, chroma / np.where(chroma == 0, 1, divisor))
    return _of_shares(np.stack([_hue(shares, highest, chroma), saturation, total / 2]), src.dtype)


@with_destination()
def hsl2rgb(src: np.ndarray) -> np.ndarray:
    """Return red, green and blue of hue, saturation and lightness.

    hsl2rgb([dst,] src). It is the inverse of `rgb2hsl`.

    >>> from nnlite import image
    >>> image.hsl2rgb(np.array([0, 1, 0.5]).reshape(3, 1, 1)).ravel().tolist()
    [1.0, 0.0, 0.0]

    Raises:
        ShapeError, DtypeError: it is not (3, H, W) of a picture's type.
    """
    hue, saturation, lightness = _as_shares(_picture('hsl2rgb', src))
    spread = saturation * np.where(lightness < 0.5, lightness, 1 - lightness)
    return _of_shares(lightness + spread * (2 * _pure(hue) - 1), src.dtype)


@with_destination()
def rgb2hsv(src: np.ndarray) -> np.ndarray:
    """Return hue, saturation and value, each 0 to 1, or 0 to 255 of bytes.

    rgb2hsv([dst,] src).

    V = max, S = (max - min) / max, H from red over green (1/3) and blue (2/3) to red.

    >>> from nnlite import image
    >>> image.rgb2hsv(np.array([0, 0, 0.5]).reshape(3, 1, 1)).round(3).ravel().tolist()
    [0.667, 1.0, 0.5]

    Raises:
        ShapeError, DtypeError: it is not (3, H, W) of a picture's type.
    """
    shares = _as_shares(_picture('rgb2hsv', src))
    highest = shares.max(0)
    chroma = highest - shares.min(0)
    saturation = np.where(chroma == 0, 0, chroma / np.where(chroma == 0, 1, highest))
    return _of_shares(np.stack([_hue(shares, highest, chroma), saturation, highest]), src.dtype)


@with_destination()
def hsv2rgb(src: np.ndarray) -> np.ndarray:
    """Return red, green and blue of hue, saturation and value.

    hsv2rgb([dst,] src). It is the inverse of `rgb2hsv`.

    >>> from nnlite import image
    >>> image.hsv2rgb(np.array([0, 1, 0.5]).reshape(3, 1, 1)).ravel().tolist()
    [0.5, 0.0, 0.0]

    Raises:
        ShapeError, DtypeError: it is not (3, H, W) of a picture's type.
    """
    hue, saturation, value = _as_shares(_picture('hsv2rgb', src))
    return _of_shares(value * (1 - saturation * (1 - _pure(hue))), src.dtype)


@with_destination()
def rgb2lab(src: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* of an sRGB picture under D65.

    rgb2lab([dst,] src). L is 0 to 100, a and b some -110 to 110.

    L = 116 f(Y) - 16, a = 500 (f(X / Xn) - f(Y)), b = 200 (f(Y) - f(Z / Zn)); f(t) = t^(1/3), straight below 0.00886.

    >>> from nnlite import image
    >>> image.rgb2lab(np.array([1.0, 0, 0]).reshape(3, 1, 1)).round(1).ravel().tolist()
    [53.2, 80.1, 67.2]

    Raises:
        ShapeError, DtypeError: it is not (3, H, W) of floats.
    """
    shares = _picture('rgb2lab', src, floating=True).astype(np.float64)
    linear = np.where(shares <= 0.04045, shares / 12.92, ((np.maximum(shares, 0) + 0.055) / 1.055) ** 2.4)
    xyz = _mixed(XYZ, linear) / WHITE[:, None, None]
    x, y, z = np.where(xyz > EPSILON, np.cbrt(xyz), (KAPPA * xyz + 16) / 116)
    return as_type(np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)]), src.dtype)


@with_destination()
def lab2rgb(src: np.ndarray) -> np.ndarray:
    """Return the sRGB picture of CIE L*a*b* under D65.

    lab2rgb([dst,] src). It is the inverse of `rgb2lab`.

    Colours that sRGB has not lie outside 0 to 1.

    >>> from nnlite import image
    >>> image.lab2rgb(np.array([100.0, 0, 0]).reshape(3, 1, 1)).round(3).ravel().tolist()
    [1.0, 1.0, 1.0]

    Raises:
        ShapeError, DtypeError: it is not (3, H, W) of floats.
    """
    lightness, a, b = _picture('lab2rgb', src, floating=True).astype(np.float64)
    y = (lightness + 16) / 116
    roots = np.stack([y + a / 500, y, y - b / 200])
    xyz = np.where(roots**3 > EPSILON, roots**3, (116 * roots - 16) / KAPPA) * WHITE[:, None, None]
    linear = _mixed(LINEAR, xyz)
    shares = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)
    return as_type(shares, src.dtype)


@with_destination()
def rgb2nrgb(src: np.ndarray) -> np.ndarray:
    """Return red, green and blue as shares of their sum: x / (R + G + B + 1e-6).

    rgb2nrgb([dst,] src).

    >>> from nnlite import image
    >>> image.rgb2nrgb(np.array([0.2, 0.2, 0.4]).reshape(3, 1, 1)).round(2).ravel().tolist()
    [0.25, 0.25, 0.5]

    Raises:
        ShapeError, DtypeError: it is not (3, H, W) of floats.
    """
    src = _picture('rgb2nrgb', src, floating=True)
    return np.ascontiguousarray(src / (src.sum(0) + src.dtype.type(1e-6)))
