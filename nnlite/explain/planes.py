"""Maps as pictures: the planes of an image side by side, as PNG within the page."""

import base64
import io
import math

import numpy as np

PLANES = 16  # that are shown, at most
BLUE, ORANGE = np.array([0, 103, 184]), np.array([179, 92, 0])


def picture_of(maps: np.ndarray, signed: bool = False) -> str:
    """Return planes (C, H, W) as an image within a page, a gap of a pixel between them.

    Args:
        maps: numbers; those that are not finite are shown as the lowest.
        signed: whether 0 is white, and what is above and below two colours; else the lowest is black, the highest
            white.

    >>> picture_of(np.zeros((3, 4, 5)))[:22]
    'data:image/png;base64,'
    """
    maps = np.nan_to_num(np.asarray(maps[:PLANES], np.float64), posinf=0, neginf=0)
    count, height, width = maps.shape
    across = count if count < 4 else math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    pixels = np.full((down * (height + 1) - 1, across * (width + 1) - 1, 3), 127, np.uint8)
    for number, colors in enumerate(_signed(maps) if signed else _grey(maps)):
        top, left = number // across * (height + 1), number % across * (width + 1)
        pixels[top : top + height, left : left + width] = colors
    return _png(pixels)


def colours_of(maps: np.ndarray) -> str:
    """Return three planes (3, H, W) as red, green and blue; their lowest number is dark, their highest bright."""
    return _png(_shades(np.nan_to_num(np.asarray(maps, np.float64), posinf=0, neginf=0)).transpose(1, 2, 0))


def _png(pixels: np.ndarray) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, 'PNG')
    return 'data:image/png;base64,' + base64.b64encode(file.getvalue()).decode()


def _shades(maps: np.ndarray) -> np.ndarray:
    low, high = maps.min(), maps.max()
    return (255 * ((maps - low) / (high - low) if high > low else np.zeros_like(maps))).astype(np.uint8)


def _grey(maps: np.ndarray) -> np.ndarray:
    return np.repeat(_shades(maps)[..., None], 3, axis=-1)


def _signed(maps: np.ndarray) -> np.ndarray:
    most = np.abs(maps).max() or 1
    strength = np.abs(maps / most)[..., None] ** 0.5
    color = np.where((maps > 0)[..., None], BLUE, ORANGE)
    return (255 + strength * (color - 255)).astype(np.uint8)
