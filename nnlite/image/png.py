"""What Pillow leaves to be done of a PNG: channels of 16 bits, and lines that are missing though nothing is cut off."""

import io
import struct
import zlib
from typing import Any

import numpy as np

# By the kind of colour: grey, colours, palette, grey with transparency, colours with transparency.
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# The seven passes of an interlaced PNG: its first column and row, and the distance to the next (Adam7).
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
STEP = 1 << 20  # bytes inflated at a time


def both_bytes(opened: Any, stored: str) -> np.ndarray:
    """Return the pixels of 16 bits a channel, of which Pillow gives but the first byte: it is asked for each.

    Args:
        opened: the picture, opened by Pillow.
        stored: how Pillow calls the form of its pixels, 'RGB;16B' or 'RGBA;16B', the higher byte first.
    """
    from PIL import Image

    with Image.open(io.BytesIO(_content(opened)), formats=('PNG',)) as again:
        # The same pixels, said to have the lower byte first: Pillow then keeps the other one.
        again.tile = [tile._replace(args=stored[:-1] + 'L') for tile in again.tile]
        low = np.asarray(again)
    return np.asarray(opened).astype(np.uint16) << 8 | low


def lacks_lines(opened: Any) -> bool:
    """Return whether the compressed data of a PNG ends, in good order, before its last line, which Pillow lets pass."""
    content = _content(opened)
    width, height, depth, colour, _, _, interlaced = struct.unpack_from('>IIBBBBB', content, 16)
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    sides = [(-(-(width - left) // right), -(-(height - top) // down)) for left, top, right, down in passes]
    missing = sum(rows * (1 + -(-columns * depth * CHANNELS[colour] // 8)) for columns, rows in sides if columns > 0)
    inflate, place = zlib.decompressobj(), 8
    while missing > 0 and place + 8 <= len(content) and not inflate.eof:
        size, name = struct.unpack_from('>I4s', content, place)
        data = content[place + 8 : place + 8 + size] if name == b'IDAT' else b''
        while data and missing > 0:
            missing -= len(inflate.decompress(data, STEP))
            data = inflate.unconsumed_tail
        place += size + 12
    return missing > 0 and missing > len(inflate.flush())


def _content(opened: Any) -> bytes:
    """Return the whole file of an opened picture, whose place in it stays where it is."""
    place = opened.fp.tell()
    opened.fp.seek(0)
    content: bytes = opened.fp.read()
    opened.fp.seek(place)
    return content
