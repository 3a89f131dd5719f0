"""Text and rectangles drawn into pictures."""

import functools
from typing import Any

import numpy as np

from nnlite.errors import Error
from nnlite.image.arguments import BYTE, number, options, picture, whole

WIDTH, HEIGHT = 6, 11  # of a letter of Pillow's bitmap font


def drawText(
    src: np.ndarray, text: str | None, x: int | None = None, y: int | None = None, opts: dict[str, Any] | None = None
) -> np.ndarray:
    """Return a picture with a text, whose upper left corner is at column x and row y, counted from 0, or both 1.

    The letters are those of Pillow's built-in font, 6 pixels wide and 11 high. What would leave the picture at the
    right goes on in the next line, at column 0; what leaves it anyhow is not drawn.

    Args:
        src: (3, H, W); uint8, or floats, in which 255 of a colour is 1.
        text: with line feeds, if need be; white space at its end is left out.
        x, y: the place; whole numbers, which may lie outside.
        opts: color=[255, 0, 0], of the letters; bg, of the ground under them, which stays as it is if that is left out;
            size=1, how many pixels a pixel of the font is wide; wrap=True; inplace=False, whether `src` is drawn on.

    >>> from nnlite import image
    >>> black = np.zeros((3, 16, 40), 'float32')
    >>> drawn = image.drawText(black, 'Hi', 2, 3, dict(color=[0, 255, 0], size=1))
    >>> drawn.sum(axis=(1, 2)).tolist()
    [0.0, 45.0, 0.0]

    Raises:
        Error: the font has not all of the letters, or an option is not as it should be.
        ShapeError, DtypeError: it is not (3, H, W) of a picture's type.
    """
    where = 'image.drawText'
    src = picture(where, src, 3, channels=3)
    given = options(where, opts, 'color', 'bg', 'size', 'wrap', 'inplace')
    colour = _colour(where, 'color', given.get('color', (255, 0, 0)), src.dtype)
    ground = _colour(where, 'bg', given['bg'], src.dtype) if 'bg' in given else None
    size = whole(where, 'size', given.get('size', 1), 1)
    left, top = whole(where, 'x', 1 if x is None else x), whole(where, 'y', 1 if y is None else y)
    out = src if given.get('inplace') else src.copy(order='C')
    row, column = top, left
    for letter in _text(where, text).rstrip():
        if letter == '\n':
            row, column = row + HEIGHT * size, left
            continue
        if given.get('wrap', True) and column + WIDTH * size >= src.shape[2]:
            row, column = row + HEIGHT * size, 0
        ink = np.kron(_glyph(where, letter), np.ones((size, size), bool))
        # The part of the letter that lies in the picture.
        inside = out[:, max(row, 0) : max(row + len(ink), 0), max(column, 0) : max(column + ink.shape[1], 0)]
        ink = ink[max(-row, 0) :, max(-column, 0) :][: inside.shape[1], : inside.shape[2]]
        if ground is not None:
            np.copyto(inside, ground, where=~ink)
        np.copyto(inside, colour, where=ink)
        column += WIDTH * size
    return out


def _text(where: str, text: Any) -> str:
    if not isinstance(text, str | None):
        raise Error(f'expected a text, got {type(text).__name__}', where=where)
    return (text or '').replace('\r', '')


def _glyph(where: str, letter: str) -> np.ndarray:
    """Return the pixels of a letter, (11, 6) of bool.

    Raises:
        Error: the font has none.
    """
    try:
        mask = _font().getmask(letter)
    except UnicodeEncodeError:
        mask = None
    if mask is None or mask.size != (WIDTH, HEIGHT):
        raise Error(f'expected letters of Latin-1, the font has no {letter!r}', where=where)
    return np.array(mask, bool).reshape(HEIGHT, WIDTH)


@functools.cache
def _font() -> Any:
    from PIL import ImageFont

    return ImageFont.load_default_imagefont()


def drawRect(src: np.ndarray, x1: int, y1: int, x2: int, y2: int, opts: dict[str, Any] | None = None) -> np.ndarray:
    """Return a picture with a rectangle whose lines run through columns x1 and x2 and rows y1 and y2, counted from 1.

    What leaves the picture is not drawn.

    Args:
        src: (3, H, W); uint8, or floats, in which 255 of a colour is 1.
        x1, y1, x2, y2: the upper left and the lower right corner.
        opts: color=[255, 0, 0]; lineWidth=1, of an even one more pixels lie left and above; inplace=False, whether
            `src` is drawn on.

    >>> from nnlite import image
    >>> image.drawRect(np.zeros((3, 4, 5), 'uint8'), 2, 1, 5, 3, dict(color=[9, 0, 0]))[0].tolist()
    [[0, 9, 9, 9, 9], [0, 9, 0, 0, 9], [0, 9, 9, 9, 9], [0, 0, 0, 0, 0]]

    Raises:
        Error: a corner is no number, or an option not as it should be.
        ShapeError, DtypeError: it is not (3, H, W) of a picture's type.
    """
    where = 'image.drawRect'
    src = picture(where, src, 3, channels=3)
    given = options(where, opts, 'color', 'lineWidth', 'inplace')
    colour = _colour(where, 'color', given.get('color', (255, 0, 0)), src.dtype)
    line = whole(where, 'lineWidth', given.get('lineWidth', 1), 1)
    left, right = _line(whole(where, 'x1', x1), line), _line(whole(where, 'x2', x2), line)
    top, bottom = _line(whole(where, 'y1', y1), line), _line(whole(where, 'y2', y2), line)
    out = src if given.get('inplace') else src.copy(order='C')
    for columns in (left, right):
        out[:, top.start : bottom.stop, columns] = colour
    for rows in (top, bottom):
        out[:, rows, left.start : right.stop] = colour
    return out


def _line(middle: int, width: int) -> slice:
    """Return the pixels, from 0, of a line at a place that is counted from 1."""
    first = middle - 1 - width // 2
    return slice(max(first, 0), max(first + width, 0))


def _colour(where: str, name: str, value: Any, dtype: np.dtype) -> np.ndarray:
    """Return a colour of three numbers, 0 to 255, as (3, 1, 1) in a picture's own range."""
    if not isinstance(value, list | tuple | np.ndarray) or len(value) != 3:
        raise Error(f'expected {name} to be three numbers from 0 to 255, got {value!r}', where=where)
    colour = np.array([number(where, name, part) for part in value])
    if (colour < 0).any() or (colour > 255).any():
        raise Error(f'expected {name} to be three numbers from 0 to 255, got {value!r}', where=where)
    return (colour if dtype == BYTE else colour / 255).astype(dtype).reshape(3, 1, 1)
