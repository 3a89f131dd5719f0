"""Pictures from files and to files: JPEG, PNG, PPM and PGM, read and written by Pillow."""

import io
import os
import re
import warnings
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from nnlite.errors import DataError, DeviceError, DtypeError, Error, ShapeError
from nnlite.image.arguments import BYTE, choice, default_dtype, picture, whole
from nnlite.image.colour import rgb2y
from nnlite.image.png import both_bytes, lacks_lines
from nnlite.tensor.devices import is_on_gpu
from nnlite.whole_file import whole_file

Path = str | os.PathLike[str]

# 134 million, more than nearly any camera's; a picture that claims more is taken for a bomb.
MAX_PIXELS = 1 << 27

# How a file of each format begins. Pillow calls PGM PPM too.
BEGINNINGS = {'JPEG': rb'\xff\xd8\xff', 'PNG': rb'\x89PNG', 'PPM': rb'P[2356]'}
SUFFIXES = {'jpg': 'JPEG', 'jpeg': 'JPEG', 'png': 'PNG', 'ppm': 'PPM', 'pgm': 'PGM'}

# How many channels can be written.
CHANNELS = {'JPEG': (1, 3), 'PNG': (1, 3, 4), 'PPM': (3,), 'PGM': (1,)}


def load(filename: Path, depth: int | None = None, tensortype: str | None = None) -> np.ndarray:
    """Return the picture in a JPEG, PNG, PPM or PGM file as (C, H, W), 0 to 1, or 0 to 255 of bytes.

    What the file is says its beginning, not its name. A palette becomes colours, CMYK becomes RGB. PNGs of 16 bits keep
    them as floats (with transparency beside grey, 8). A camera's note about its orientation is not followed.

    Args:
        filename: the path.
        depth: 1 or 3, the channels wanted: colours become brightness (`rgb2y`), grey three equal channels, transparency
            is left out. If it is None, the file's own: 1, 2 (grey and transparency), 3 or 4.
        tensortype: 'float', 'double' or 'byte'; the default type if it is None.

    >>> from nnlite import image
    >>> image.save('grey.png', np.array([[0, 51, 255]], 'uint8'))
    >>> print(image.load('grey.png').round(3))
    [[[0.  0.2 1. ]]]
    >>> image.load('grey.png', 3, 'byte').shape
    (3, 1, 3)

    Raises:
        DataError: the file is of another format, damaged, cut off, or claims more than 2**27 pixels.
        OSError: there is no such file, or it cannot be read.
        Error: there is no such depth or type.
    """
    return _loaded('image.load', filename, depth, tensortype, *BEGINNINGS)


def loadJPG(filename: Path, depth: int | None = None, tensortype: str | None = None) -> np.ndarray:
    """Return the picture in a JPEG file; see `load`.

    >>> from nnlite import image
    >>> image.saveJPG('white.jpg', np.ones((3, 8, 8)))
    >>> image.loadJPG('white.jpg', 3, 'byte').min()
    np.uint8(255)

    Raises:
        DataError, OSError, Error: as of `load`.
    """
    return _loaded('image.loadJPG', filename, depth, tensortype, 'JPEG')


def loadPNG(filename: Path, depth: int | None = None, tensortype: str | None = None) -> np.ndarray:
    """Return the picture in a PNG file; see `load`.

    >>> from nnlite import image
    >>> image.savePNG('red.png', np.array([1.0, 0, 0]).reshape(3, 1, 1))
    >>> image.loadPNG('red.png').ravel().tolist()
    [1.0, 0.0, 0.0]

    Raises:
        DataError, OSError, Error: as of `load`.
    """
    return _loaded('image.loadPNG', filename, depth, tensortype, 'PNG')


def loadPPM(filename: Path, depth: int | None = None, tensortype: str | None = None) -> np.ndarray:
    """Return the picture in a PPM or PGM file, binary or text; see `load`.

    >>> from nnlite import image
    >>> with open('four.pgm', 'w') as file:
    ...     _ = file.write('P2 2 2 255 0 51 102 255')
    >>> image.loadPPM('four.pgm', 1, 'byte').tolist()
    [[[0, 51], [102, 255]]]

    Raises:
        DataError, OSError, Error: as of `load`.
    """
    return _loaded('image.loadPPM', filename, depth, tensortype, 'PPM')


def decompress(tensor: np.ndarray, depth: int | None = None, tensortype: str | None = None) -> np.ndarray:
    """Return the picture of a JPEG or PNG file whose bytes are an array (N) of uint8; see `load`.

    >>> from nnlite import image
    >>> image.decompress(image.compressPNG(np.ones((1, 2, 3)))).shape
    (1, 2, 3)

    Raises:
        DataError, Error: as of `load`.
        DtypeError, ShapeError: they are not an array (N) of uint8.
    """
    return _decompressed('image.decompress', tensor, depth, tensortype, 'JPEG', 'PNG')


def decompressJPG(tensor: np.ndarray, depth: int | None = None, tensortype: str | None = None) -> np.ndarray:
    """Return the picture of a JPEG file whose bytes are an array (N) of uint8; see `load`.

    >>> from nnlite import image
    >>> image.decompressJPG(image.compressJPG(np.zeros((3, 8, 8)))).max()
    np.float32(0.0)

    Raises:
        DataError, Error: as of `load`.
        DtypeError, ShapeError: they are not an array (N) of uint8.
    """
    return _decompressed('image.decompressJPG', tensor, depth, tensortype, 'JPEG')


def decompressPNG(tensor: np.ndarray, depth: int | None = None, tensortype: str | None = None) -> np.ndarray:
    """Return the picture of a PNG file whose bytes are an array (N) of uint8; see `load`.

    >>> from nnlite import image
    >>> image.decompressPNG(image.compressPNG(np.zeros((8, 8))), tensortype='double').dtype
    dtype('float64')

    Raises:
        DataError, Error: as of `load`.
        DtypeError, ShapeError: they are not an array (N) of uint8.
    """
    return _decompressed('image.decompressPNG', tensor, depth, tensortype, 'PNG')


def getSize(filename: Path) -> np.ndarray:
    """Return channels, height and width of a picture file, as `load` would give them; it is not decoded.

    >>> from nnlite import image
    >>> image.save('wide.ppm', np.zeros((3, 2, 50)))
    >>> image.getSize('wide.ppm').tolist()
    [3, 2, 50]

    Raises:
        DataError: the file is of another format, its head damaged, or it claims more than 2**27 pixels.
        OSError: there is no such file, or it cannot be read.
    """

    def size(opened: Any) -> tuple[int, int, int]:
        return _MODES[_mode(opened)], opened.height, opened.width

    with open(filename, 'rb') as file:
        return np.array(_opened(file, os.fspath(filename), tuple(BEGINNINGS), size), np.int64)


def save(filename: Path, tensor: np.ndarray) -> None:
    """Write a picture to a file, whose suffix says how: .jpg, .jpeg, .png, .ppm or .pgm, in any case.

    `tensor` is (C, H, W) or, grey, (H, W). Floats are cut off at 0 and 1 and rounded to the nearest of 256 values,
    bytes written as they are. A JPEG has the quality 75. The file is whole or not there at all.

    >>> from nnlite import image
    >>> image.save('mean.png', np.full((3, 2, 2), 0.5))
    >>> image.load('mean.png', tensortype='byte').max()
    np.uint8(128)

    Raises:
        Error: the suffix is none of these, or some value NaN.
        ShapeError, DtypeError: it is no picture, or the format has no such number of channels.
        OSError: the file cannot be written.
    """
    suffix = os.path.splitext(os.fspath(filename))[1][1:].lower()
    if suffix not in SUFFIXES:
        due = ', '.join(f'.{known}' for known in SUFFIXES)
        raise Error(f'expected a name that ends in one of {due}, got {os.fspath(filename)!r}', where='image.save')
    _saved('image.save', filename, tensor, SUFFIXES[suffix])


def saveJPG(filename: Path, tensor: np.ndarray) -> None:
    """Write a picture (1, H, W), (3, H, W) or (H, W) to a JPEG file of the quality 75; see `save`.

    >>> from nnlite import image
    >>> image.saveJPG('black.jpg', np.zeros((8, 8)))
    >>> image.getSize('black.jpg').tolist()
    [1, 8, 8]

    Raises:
        Error, ShapeError, DtypeError, OSError: as of `save`.
    """
    _saved('image.saveJPG', filename, tensor, 'JPEG')


def savePNG(filename: Path, tensor: np.ndarray) -> None:
    """Write a picture (1, H, W), (3, H, W), (4, H, W) or (H, W) to a PNG file of 8 bits; see `save`.

    >>> from nnlite import image
    >>> image.savePNG('clear.png', np.zeros((4, 8, 8)))
    >>> image.getSize('clear.png').tolist()
    [4, 8, 8]

    Raises:
        Error, ShapeError, DtypeError, OSError: as of `save`.
    """
    _saved('image.savePNG', filename, tensor, 'PNG')


def savePPM(filename: Path, tensor: np.ndarray) -> None:
    r"""Write a picture (3, H, W) to a binary PPM file; see `save`.

    >>> from nnlite import image
    >>> image.savePPM('dot.ppm', np.ones((3, 1, 1)))
    >>> open('dot.ppm', 'rb').read()[:3]
    b'P6\n'

    Raises:
        Error, ShapeError, DtypeError, OSError: as of `save`.
    """
    _saved('image.savePPM', filename, tensor, 'PPM')


def savePGM(filename: Path, tensor: np.ndarray) -> None:
    r"""Write a picture (1, H, W) or (H, W) to a binary PGM file; see `save`.

    >>> from nnlite import image
    >>> image.savePGM('dot.pgm', np.ones((1, 1)))
    >>> open('dot.pgm', 'rb').read()[:3]
    b'P5\n'

    Raises:
        Error, ShapeError, DtypeError, OSError: as of `save`.
    """
    _saved('image.savePGM', filename, tensor, 'PGM')


def compressJPG(tensor: np.ndarray, quality: int = 75) -> np.ndarray:
    """Return the bytes of a picture as a JPEG file, an array (N) of uint8; the quality is 1 to 100.

    >>> from nnlite import image
    >>> image.compressJPG(np.zeros((3, 8, 8)))[:3].tolist()
    [255, 216, 255]

    Raises:
        Error, ShapeError, DtypeError: as of `save`, or there is no such quality.
    """
    where = 'image.compressJPG'
    if whole(where, 'quality', quality, 1) > 100:
        raise Error(f'expected quality to be 1 to 100, got {quality!r}', where=where)
    return np.frombuffer(bytearray(_encoded(where, tensor, 'JPEG', int(quality))), np.uint8)


def compressPNG(tensor: np.ndarray) -> np.ndarray:
    """Return the bytes of a picture as a PNG file of 8 bits, an array (N) of uint8.

    >>> from nnlite import image
    >>> bytes(image.compressPNG(np.zeros((3, 8, 8)))[1:4])
    b'PNG'

    Raises:
        Error, ShapeError, DtypeError: as of `save`.
    """
    return np.frombuffer(bytearray(_encoded('image.compressPNG', tensor, 'PNG')), np.uint8)


# Pillow's modes that are kept, and how many channels they have. 'I' and its kind are grey of 16 bits.
_MODES = {'L': 1, 'LA': 2, 'RGB': 3, 'RGBA': 4, 'I': 1, 'I;16': 1, 'I;16B': 1}


def _mode(opened: Any) -> str:
    """Return the mode that a picture is to be converted to."""
    if opened.mode == '1':
        return 'L'
    if _stored(opened).startswith('LA'):
        return 'LA'
    return opened.mode if opened.mode in _MODES else 'RGB'


def _stored(opened: Any) -> str:
    """Return how Pillow calls the form that the pixels have in the file: 'RGB;16B' of three times 16 bits."""
    raw = opened.tile[0][3] if opened.tile else ''
    return raw if isinstance(raw, str) else str(raw[0]) if raw else ''


def _loaded(where: str, filename: Path, depth: Any, tensortype: Any, *formats: str) -> np.ndarray:
    name = os.fspath(filename)  # else open would take a number for a file that is open
    with open(name, 'rb') as file:
        return _decoded(where, file, name, depth, tensortype, formats)


def _decompressed(where: str, tensor: Any, depth: Any, tensortype: Any, *formats: str) -> np.ndarray:
    if is_on_gpu(tensor):
        raise DeviceError('expected an array of NumPy, got one on a GPU', where=where, hint='x.get()')
    if not isinstance(tensor, np.ndarray):
        raise Error(f'expected an array of uint8, got {type(tensor).__name__}', where=where)
    if tensor.dtype != BYTE:
        raise DtypeError(f'expected an array of uint8, got {tensor.dtype}', where=where)
    if tensor.ndim != 1:
        raise ShapeError(f'expected the shape (N), got {tensor.shape}', where=where)
    return _decoded(where, io.BytesIO(tensor.tobytes()), where, depth, tensortype, formats)


def _decoded(
    where: str, file: BinaryIO, name: str, depth: Any, tensortype: Any, formats: tuple[str, ...]
) -> np.ndarray:
    """Return the picture of an open file, called `name` where it is at fault, in the type and depth wanted."""
    if depth not in (None, 1, 3):
        raise Error(f'expected depth to be 1 or 3, got {depth!r}', where=where)
    if tensortype is None:
        dtype = default_dtype()
    else:
        kind = choice(where, 'tensortype', tensortype, 'float', 'double', 'byte')
        dtype = np.dtype({'float': 'float32', 'double': 'float64', 'byte': 'uint8'}[kind])
    pixels, most = _opened(file, name, formats, _pixels)
    if pixels.ndim == 3:
        pixels = pixels.transpose(2, 0, 1)
    else:
        pixels = pixels[None]
    if dtype == BYTE:
        values = (pixels >> 8 if most > 255 else pixels).astype(BYTE, order='C')
    else:
        values = pixels.astype(dtype, order='C')
        values *= dtype.type(1 / most)
    channels = len(values)
    if depth == 1 and channels != 1:
        values = rgb2y(values[:3]) if channels >= 3 else values[:1]
    elif depth == 3 and channels != 3:
        if channels == 2:
            raise DataError(
                'expected grey or colours, got grey with transparency, which depth 3 does not say', where=name
            )
        values = values[:3] if channels == 4 else np.repeat(values, 3, 0)
    return np.ascontiguousarray(values)


def _opened(file: BinaryIO, name: str, formats: tuple[str, ...], read: Callable[[Any], Any]) -> Any:
    """Return what `read` makes of an opened picture of Pillow's.

    Raises:
        DataError: the file is of another format, too large, or damaged, whatever Pillow raises of it.
        OSError: it cannot be read.
    """
    from PIL import Image, ImageFile

    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise Error('expected PIL.ImageFile.LOAD_TRUNCATED_IMAGES to be False: it fills what is missing with grey')
    head = file.read(4)
    file.seek(0)
    found = [format for format in formats if re.match(BEGINNINGS[format], head)]
    names = ', '.join(formats).replace('PPM', 'PPM, PGM')
    if not found:
        raise DataError(f'expected a file of {names}, got one that begins with {head!r}', where=name)
    try:
        with warnings.catch_warnings():
            # What Pillow only warns of (odd EXIF, transparent palettes) does not touch the pixels.
            warnings.simplefilter('ignore')
            with Image.open(file, formats=found) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise DataError(f'expected at most {MAX_PIXELS} pixels, got {opened.width}x{opened.height}')
                return read(opened)
    except DataError as error:
        raise error.inside(name) from None
    except Image.UnidentifiedImageError:
        raise DataError(f'expected a {found[0]} file, got one whose head is damaged', where=name) from None
    # A damaged picture makes Pillow raise almost anything, SyntaxError and struct.error among them.
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's own
        reason = str(error) or type(error).__name__
        raise DataError(f'expected a whole {found[0]} picture, got a damaged one: {reason}', where=name) from error


def _pixels(opened: Any) -> tuple[np.ndarray, int]:
    """Return the pixels of a picture as (H, W) or (H, W, C), and what the largest value stands for 1."""
    mode, stored = _mode(opened), _stored(opened)
    if opened.format == 'PNG' and lacks_lines(opened):
        raise DataError('expected a whole PNG picture, got a damaged one: its last lines are missing')
    if stored in ('RGB;16B', 'RGBA;16B'):
        return both_bytes(opened, stored), 65535
    if mode == 'LA' and opened.mode == 'RGBA':  # how Pillow holds 16 bits of grey with transparency
        return np.asarray(opened)[..., [0, 3]], 255
    pixels = np.asarray(opened if opened.mode == mode else opened.convert(mode))
    return (pixels, 255) if pixels.dtype == BYTE else (pixels.astype(np.uint16), 65535)


def _saved(where: str, filename: Path, tensor: Any, format: str) -> None:
    content = _encoded(where, tensor, format)
    with whole_file(filename) as file:
        file.write(content)


def _encoded(where: str, tensor: Any, format: str, quality: int = 75) -> bytes:
    """Return a picture as the content of a file."""
    from PIL import Image

    tensor = picture(where, tensor)
    planes = tensor[None] if tensor.ndim == 2 else tensor
    if len(planes) not in CHANNELS[format]:
        due = ' or '.join(map(str, CHANNELS[format]))
        raise ShapeError(f'expected {due} channels of a {format}, got {tensor.shape}', where=where)
    if format == 'JPEG' and max(planes.shape[1:]) > 65500:
        raise ShapeError(f'expected sides of at most 65500 pixels of a JPEG, got {tensor.shape}', where=where)
    if planes.dtype != BYTE:
        if np.isnan(planes).any():
            raise Error('expected numbers from 0 to 1, got some NaN', where=where)
        planes = (np.clip(planes, 0, 1) * planes.dtype.type(255) + planes.dtype.type(0.5)).astype(BYTE)
    pixels = planes[0] if len(planes) == 1 else planes.transpose(1, 2, 0)
    content = io.BytesIO()
    made = Image.fromarray(np.ascontiguousarray(pixels))
    if format == 'JPEG':
        made.save(content, 'JPEG', quality=quality)
    else:
        made.save(content, 'PPM' if format == 'PGM' else format)
    return content.getvalue()
