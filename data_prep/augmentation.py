"""Random changes to training images, which leave what they show as it is: the paper's "stochastic augmentation".

Every function takes a batch as it lies in memory, (N, H, W, 3), pixels from 0 to 255 as uint8 or float32, and a NumPy
random generator; it returns a new batch of the same shape. `fill` is the colour put where there is no image, 3 numbers
from 0 to 255. Sources: fb.resnet.torch's datasets/transforms.lua; for cutout, DeVries and Taylor,
"Improved Regularization of Convolutional Neural Networks with Cutout", 2017.
"""

from collections.abc import Callable

import numpy as np

from nnlite.errors import DataError

Augmentation = Callable[[np.ndarray, np.random.Generator, np.ndarray], np.ndarray]


def standard(images: np.ndarray, generator: np.random.Generator, fill: np.ndarray) -> np.ndarray:
    """What ResNets on CIFAR-10 are trained with: crops from a border of 4 in 32 pixels, and horizontal flips."""
    return horizontal_flip(random_crop(images, generator, fill), generator)


def stochastic(images: np.ndarray, generator: np.random.Generator, fill: np.ndarray) -> np.ndarray:
    """Everything in this file: crops, flips, scales, colours and cutout, the paper's remedy against overfitting."""
    images = standard(images, generator, fill)
    images = random_scale(images, generator)
    images = color_jitter(images, generator)
    return cutout(images, generator, fill)


PRESETS: dict[str, Augmentation] = {'standard': standard, 'stochastic': stochastic}


def preset(name: 'str | Augmentation | None') -> Augmentation | None:
    """Return the augmentation of this name; None, or a function of the same form, is returned as it is.

    Raises:
        DataError: there is no preset of this name.
    """
    if isinstance(name, str):
        if name not in PRESETS:
            raise DataError(f'expected one of {", ".join(PRESETS)} or None, got {name!r}', where='augment')
        return PRESETS[name]
    return name


def random_crop(
    images: np.ndarray, generator: np.random.Generator, fill: np.ndarray, padding: int | None = None
) -> np.ndarray:
    """Put a border of `padding` pixels around each image and cut a window of the old size from a random place.

    The default is an eighth of the height: 4 of 32 pixels, as everyone does on CIFAR-10, 8 of 64 and 2 of 16.
    """
    count, height, width, _ = images.shape
    padding = border(height) if padding is None else padding
    tops, lefts = windows(generator, count, padding)
    padded = np.empty((height + 2 * padding, width + 2 * padding, 3), images.dtype)
    padded[:] = np.asarray(fill)
    inside = padded[padding : padding + height, padding : padding + width]
    cropped = np.empty_like(images)
    # Two copies an image: NumPy's indexing of all windows at once takes longer.
    for image, crop, top, left in zip(images, cropped, tops, lefts, strict=True):
        inside[...] = image
        crop[...] = padded[top : top + height, left : left + width]
    return cropped


def border(height: int) -> int:
    """Return how wide the border is that images of this height are cropped from."""
    return height // 8


def windows(generator: np.random.Generator, count: int, padding: int) -> np.ndarray:
    """Return top and left, (2, count), of a window in each of so many images that have a border."""
    return generator.integers(0, 2 * padding + 1, (2, count))


def flips(generator: np.random.Generator, count: int, probability: float = 0.5) -> np.ndarray:
    """Return for each of so many images whether it is mirrored."""
    return generator.random(count) < probability


def horizontal_flip(images: np.ndarray, generator: np.random.Generator, probability: float = 0.5) -> np.ndarray:
    """Mirror each image with this probability.

    >>> row = np.arange(6).reshape(1, 1, 2, 3)
    >>> horizontal_flip(row, np.random.default_rng(0), probability=1).tolist()
    [[[[3, 4, 5], [0, 1, 2]]]]
    """
    flip = flips(generator, len(images), probability)
    flipped = images.copy()
    flipped[flip] = images[flip, :, ::-1]
    return flipped


def random_scale(images: np.ndarray, generator: np.random.Generator, smallest: float = 0.5) -> np.ndarray:
    """Cut a window of `smallest` to all of the area, its sides in a ratio of 3/4 to 4/3, and scale it up to the size.

    Between pixels it interpolates linearly, and rounds where the images are uint8.
    """
    count, height, width, _ = images.shape
    area = generator.uniform(smallest, 1, count)
    ratio = np.sqrt(np.exp(generator.uniform(np.log(3 / 4), np.log(4 / 3), count)))
    rows = np.minimum(np.sqrt(area) * ratio, 1) * height
    columns = np.minimum(np.sqrt(area) / ratio, 1) * width
    tops = generator.random(count) * (height - rows)
    lefts = generator.random(count) * (width - columns)
    scaled = _stretched(images.astype(np.float32), tops, rows)
    # Columns are rows of the picture turned over.
    scaled = _stretched(scaled.swapaxes(1, 2), lefts, columns).swapaxes(1, 2)
    return _as(images.dtype, scaled)


def color_jitter(images: np.ndarray, generator: np.random.Generator, strength: float = 0.4) -> np.ndarray:
    """Change brightness, contrast and saturation of each image by a factor of 1 - strength to 1 + strength each.

    brightness: x * b;  contrast: mean grey of the image + (x - mean grey) * c;  saturation: grey + (x - grey) * s
    """
    brightness, contrast, saturation = generator.uniform(1 - strength, 1 + strength, (3, len(images), 1, 1))
    # A plane for each channel: NumPy is slow on rows of three.
    planes = np.ascontiguousarray(images.transpose(3, 0, 1, 2), np.float32)
    planes *= brightness.astype(np.float32)
    grey = 0.299 * planes[0] + 0.587 * planes[1] + 0.114 * planes[2]
    planes -= grey
    planes *= saturation.astype(np.float32)
    planes += grey
    mean = grey.mean((1, 2), keepdims=True)
    planes -= mean
    planes *= contrast.astype(np.float32)
    planes += mean
    return _as(images.dtype, np.ascontiguousarray(np.clip(planes, 0, 255, out=planes).transpose(1, 2, 3, 0)))


def cutout(images: np.ndarray, generator: np.random.Generator, fill: np.ndarray, side: int | None = None) -> np.ndarray:
    """Paint over a square around a random pixel of each image; the default `side` is a quarter of the height."""
    count, height, width, _ = images.shape
    side = height // 4 if side is None else side
    tops = generator.integers(0, height, (count, 1)) - side // 2
    lefts = generator.integers(0, width, (count, 1)) - side // 2
    rows, columns = np.arange(height), np.arange(width)
    in_rows = (rows >= tops) & (rows < tops + side)
    in_columns = (columns >= lefts) & (columns < lefts + side)
    holed = images.copy()
    holed[in_rows[:, :, None] & in_columns[:, None, :]] = np.asarray(fill)
    return holed


def _stretched(images: np.ndarray, start: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Stretch the `length` rows from `start` on, of each image, over all of its rows."""
    count, side = images.shape[:2]
    # The centre of row i of the result lies at this place of the source, whose row centres are whole numbers.
    place = start[:, None] + (np.arange(side) + 0.5) * (length[:, None] / side) - 0.5
    place = np.clip(place, 0, side - 1)
    below = place.astype(np.int64)
    above = np.minimum(below + 1, side - 1)
    each = np.arange(count)[:, None]
    result = images[each, above]
    low = images[each, below]
    result -= low
    result *= (place - below).astype(np.float32)[:, :, None, None]
    result += low
    return result


def _as(dtype: np.dtype, values: np.ndarray) -> np.ndarray:
    """Give float32 values in the images' own dtype, rounded where that is of whole numbers."""
    return values if dtype == np.float32 else np.rint(values).astype(dtype)
