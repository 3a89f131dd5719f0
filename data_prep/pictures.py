"""Pictures decoded: JPEG and PNG files to arrays."""

import io
import warnings
from collections.abc import Sequence

import numpy as np

from nnlite.errors import DataError
from nnlite.image.png import lacks_lines

# 134 million, more than nearly any camera's; a picture that claims more is taken for a bomb.
MAX_PIXELS = 1 << 27
MODES = ('1', 'L', 'LA', 'P', 'PA', 'RGB', 'RGBA', 'CMYK', 'YCbCr', 'I;16')


def decode_many(task: tuple[Sequence[bytes], int | None]) -> list[np.ndarray | str]:
    """Return for each file of (files, size) its image, or what is wrong with it; see `decode`."""
    files, size = task
    with warnings.catch_warnings():
        # What Pillow only warns of (odd EXIF, transparent palettes) does not touch the pixels.
        warnings.simplefilter('ignore')
        return [_image_or_reason(content, size) for content in files]


def decode(content: bytes, size: int | None = None) -> np.ndarray:
    """Return a JPEG or PNG file as uint8 (H, W, 3); with `size`, its centre square, scaled to size x size.

    Grey pictures become RGB, transparency is left out, a camera's note about its orientation is followed. Of 16 bits a
    channel the first 8 are taken.

    Raises:
        DataError: the picture is of another format, damaged, cut off, or beyond 2**27 pixels.
    """
    from PIL import Image, ImageFile, ImageOps

    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise DataError('expected PIL.ImageFile.LOAD_TRUNCATED_IMAGES to be False: it fills what is missing with grey')
    try:
        with Image.open(io.BytesIO(content), formats=('JPEG', 'PNG')) as file:
            width, height = file.size
            if width * height > MAX_PIXELS:
                raise DataError(f'expected at most {MAX_PIXELS} pixels, got {width}x{height}')
            if file.mode not in MODES:
                raise DataError(f'expected a picture in one of the modes {", ".join(MODES)}, got {file.mode}')
            if file.format == 'PNG' and lacks_lines(file):
                raise DataError('its last lines are missing')
            image = ImageOps.exif_transpose(file) if 'exif' in file.info else file
            if image.mode == 'I;16':  # of colours Pillow takes the first 8 bits itself; these it would cut off at 255
                image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
            image = image if image.mode == 'RGB' else image.convert('RGB')
            if size is not None and image.size != (size, size):
                width, height = image.size
                side = min(width, height)
                left, top = (width - side) / 2, (height - side) / 2
                box = (left, top, left + side, top + side)
                image = image.resize((size, size), Image.Resampling.BICUBIC, box)
            return np.asarray(image)
    except DataError:
        raise
    except Image.UnidentifiedImageError as error:
        raise DataError('not a JPEG or PNG') from error
    # A damaged picture makes Pillow raise almost anything, SyntaxError and struct.error among them.
    except Exception as error:
        raise DataError(str(error) or type(error).__name__) from error


def _image_or_reason(content: bytes, size: int | None) -> np.ndarray | str:
    try:
        return decode(content, size)
    except DataError as error:
        return error.message
