"""How a picture is made ready for a network: cut out, scaled and normalised as the images were that it learnt from."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.data_prep.dataset import MAX_SIDE
from nnlite.data_prep.pictures import MAX_PIXELS
from nnlite.errors import DataError

PICTURES = 'pictures'  # what a checkpoint says of the images that its network learns from stands under this name
CROPS = 10


class Preparation:
    """Makes of pictures, uint8 (H, W, 3), what a network looks at, float32 (N, 3, height, width).

    Without `scale` the largest part in the middle of a picture that has the sides' ratio is scaled to the size, as
    `nnlite prep folder --size` does. With it the picture is scaled until its shorter side has `scale` pixels, and the
    middle is cut out. `tenCrop` cuts out ten: middle, top left, top right, bottom left, bottom right, and these of the
    mirrored picture. All scaling is bicubic. Then x = (pixel / 255 - mean) / std, to the bit as `data_prep.Loader`.

    Args:
        size: (height, width) in pixels.
        mean, std: of each channel, for pixels from 0 to 1.
        scale: in pixels; of ten crops an eighth more than the sides where it is not given, as 256 is of 224.
        tenCrop: whether ten parts are cut out of each picture.

    Raises:
        DataError: a size, a mean or a std is none; the scale is below the size.

    >>> prepare = Preparation((2, 2), [0.5] * 3, [0.25] * 3)
    >>> prepare.normalised(prepare.cut(np.full((4, 6, 3), 255, np.uint8)))[0, 0]
    array([[2., 2.],
           [2., 2.]], dtype=float32)

    Source: fb.resnet.torch, datasets/transforms.lua.
    """

    def __init__(
        self,
        size: Sequence[int],
        mean: Sequence[float] | np.ndarray,
        std: Sequence[float] | np.ndarray,
        scale: int | None = None,
        tenCrop: bool = False,
    ) -> None:
        height, width = self.size = tuple(size)
        self.crops = CROPS if tenCrop else 1
        self.scale = round(min(self.size) * 8 / 7) if scale is None and tenCrop else scale
        for side in (height, width, *(() if self.scale is None else (self.scale,))):
            if not 1 <= side <= MAX_SIDE:
                raise DataError(f'expected sides of 1 to {MAX_SIDE} pixels, got {side}')
        if self.scale is not None and self.scale < min(self.size):
            raise DataError(f'expected a scale of at least the size, {min(self.size)} pixels, got {self.scale}')
        self.mean, self.std = np.asarray(mean, np.float64), np.asarray(std, np.float64)
        if self.mean.shape != (3,) or not np.isfinite(self.mean).all():
            raise DataError(f'expected a finite mean of each of 3 channels, got {self.mean.tolist()}')
        if self.std.shape != (3,) or not (np.isfinite(self.std).all() and (self.std > 0).all()):
            raise DataError(f'expected a std above 0 of each of 3 channels, got {self.std.tolist()}')

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """Return what is cut out of a picture, uint8 (crops, height, width, 3).

        Raises:
            DataError: the scaled picture is smaller than the size, or takes too much memory.
        """
        height, width = self.size
        if self.scale is None:
            return _middle(picture, height, width)[None]
        scaled = _to_shorter_side(picture, self.scale)
        below, beside = scaled.shape[0] - height, scaled.shape[1] - width
        if below < 0 or beside < 0:
            got = f'{scaled.shape[1]}x{scaled.shape[0]}'
            raise DataError(f'expected at least {width}x{height} pixels to cut out of, got {got} of this scale')
        if self.crops == 1:
            places = [(-(-below // 2), -(-beside // 2))]
        else:
            places = [(-(-below // 2), -(-beside // 2)), (0, 0), (0, beside), (below, 0), (below, beside)]
        ways = [scaled] if self.crops == 1 else [scaled, scaled[:, ::-1]]
        return np.stack([way[top : top + height, left : left + width] for way in ways for top, left in places])

    def normalised(self, images: np.ndarray) -> np.ndarray:
        """Return images, uint8 (N, height, width, 3), as a network looks at them, float32 (N, 3, height, width)."""
        # A row of pixels at a time, as the Loader: NumPy is slow on rows of three.
        scale = np.tile(1 / (255 * self.std), images.shape[2]).astype(np.float32)
        offset = np.tile(-self.mean / self.std, images.shape[2]).astype(np.float32)
        rows = images.reshape(-1, len(scale)) * scale
        rows += offset
        return rows.reshape(images.shape).transpose(0, 3, 1, 2)

    def __repr__(self) -> str:
        height, width = self.size
        scale = '' if self.scale is None else f', of {self.scale}'
        parts = [f'{width}x{height}{scale}', *([f'{self.crops} crops'] if self.crops > 1 else [])]
        mean, std = (' '.join(f'{value:.3g}' for value in values) for values in (self.mean, self.std))
        return ', '.join([*parts, f'mean {mean}, std {std}'])


def about(images: Any) -> dict[str, Any]:
    """Return what a checkpoint says of the images that a network learns from: what classes are called, and `pictures`.

    Args:
        images: a Loader or a Dataset; of other things only what is known.
    """
    known: dict[str, Any] = {}
    if hasattr(images, 'names'):
        known['names'] = list(images.names)
    if hasattr(images, 'mean') and hasattr(images, 'std'):
        known[PICTURES] = {
            'size': [int(side) for side in images.shape[1:]],
            'mean': [float(value) for value in images.mean],
            'std': [float(value) for value in images.std],
        }
    return known


def checked(pictures: Any, where: str) -> dict[str, Any]:
    """Return what a checkpoint says of images, once it is what `about` writes.

    Raises:
        DataError: it is not.
    """
    try:
        size, mean, std = (pictures[name] for name in ('size', 'mean', 'std'))
        if not (isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)):
            raise DataError(f'expected a size of height and width, got {size!r:.60}')
        Preparation(size, mean, std)
    except (TypeError, KeyError, ValueError) as error:
        message = error.message if isinstance(error, DataError) else f'got {pictures!r:.60}'
        raise DataError(f'expected size, mean and std of the images under {PICTURES!r}: {message}', where) from error
    return {'size': tuple(size), 'mean': mean, 'std': std}


def expect_size(learnt: Sequence[int], given: Sequence[int], where: str, hint: str) -> None:
    """Raise unless images are as large, (height, width), as those that a network learnt from.

    Raises:
        DataError: they are not: what it says of them would be of little worth, and nobody would see why.
    """
    if tuple(learnt) != tuple(given):
        (height, width), (rows, columns) = learnt, given
        raise DataError(
            f'expected images {width}x{height}, as the network learnt from, got {columns}x{rows}', where, hint
        )


def _middle(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the largest part in the middle of a picture that has the sides' ratio, scaled to them."""
    if picture.shape[:2] == (height, width):
        return picture
    rows, columns = picture.shape[:2]
    high, wide = rows, rows * width / height
    if columns * height <= rows * width:
        high, wide = columns * height / width, columns
    left, top = (columns - wide) / 2, (rows - high) / 2
    return _resized(picture, height, width, (left, top, left + wide, top + high))


def _to_shorter_side(picture: np.ndarray, scale: int) -> np.ndarray:
    rows, columns = picture.shape[:2]
    shorter = min(rows, columns)
    if shorter == scale:
        return picture
    height, width = rows * scale // shorter, columns * scale // shorter
    if height * width > MAX_PIXELS:
        raise DataError(f'expected at most {MAX_PIXELS} pixels of the scaled picture, got {width}x{height}')
    return _resized(picture, height, width)


def _resized(
    picture: np.ndarray, height: int, width: int, box: tuple[float, float, float, float] | None = None
) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC, box))
