"""The forms that a .t7 file may have: ascii or binary, of either byte order, with longs of four or eight bytes.

No file says which it is. The first value's tag, a number from 0 to 8, tells ascii and the byte orders apart; whether
longs have eight bytes or four shows in reading on.
"""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, Literal

from nnlite.errors import Error, FileFormatError
from nnlite.serialization.ascii_sink import AsciiSink
from nnlite.serialization.ascii_source import AsciiSource
from nnlite.serialization.binary_sink import BinarySink
from nnlite.serialization.binary_source import BinarySource

Source = BinarySource | AsciiSource
Sink = BinarySink | AsciiSink

# Torch's names, of torch.load and torch.save.
LONG_SIZES = {None: (8, 4), 'binary': (8, 4), 'b64': (8,), 'b32': (4,)}
SINKS: dict[str, type[Sink]] = {'binary': BinarySink, 'ascii': AsciiSink}

_ASCII_TAG = re.compile(rb'\s*[0-8]\s')


def sources(file: BinaryIO, form: str | None) -> Iterator[Source]:
    """Yield the ways to read a file that its beginning allows, the likelier first.

    Args:
        file: the file.
        form: 'ascii', 'binary', 'b64' (binary with longs of eight bytes), 'b32' (of four), or None for any.

    Raises:
        FileFormatError: no .t7 file begins so.
    """
    if form not in LONG_SIZES and form != 'ascii':
        raise Error(f"expected a format 'ascii', 'binary', 'b32' or 'b64', got {form!r}")
    start = file.read(8)
    file.seek(0)
    if form == 'ascii' or (form is None and _ASCII_TAG.match(start)):
        yield AsciiSource(file)
        return
    both: tuple[Literal['<', '>'], ...] = ('<', '>')
    orders = [order for order in both if len(start) >= 4 and struct.unpack_from(f'{order}I', start)[0] <= 8]
    if not orders:
        raise FileFormatError(
            f'expected a .t7 file to begin with the tag of a type, 0 to 8, got {start!r}',
            where=f'{file.name}, byte 0',
            hint='Torch7 writes such files with torch.save(path, object)',
        )
    for long_size in LONG_SIZES[form]:
        file.seek(0)
        yield BinarySource(file, orders[0], long_size)


def sink(form: str) -> Sink:
    """Return what writes values in a form, 'binary' or 'ascii'."""
    if form not in SINKS:
        raise Error(f"expected a format 'binary' or 'ascii', got {form!r}")
    return SINKS[form]()
