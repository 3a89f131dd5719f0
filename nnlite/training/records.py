"""Tables of results as CSV files: one line an epoch, whole or absent."""

import csv
import io
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nnlite.errors import FileFormatError
from nnlite.whole_file import whole_file

# Losses are means in nats, accuracies percentages. Those of training are means over the epoch, each image counted as
# the network was when it came to it (as fb.resnet.torch does); those of validation are taken after the epoch.
# `seconds` is the time of training alone, and images_per_second that of training images.
EPOCH_COLUMNS = (
    'epoch',
    'learning_rate',
    'train_loss',
    'train_top1',
    'train_top5',
    'val_loss',
    'val_top1',
    'val_top5',
    'seconds',
    'images_per_second',
)
_FORMATS = {
    'learning_rate': '.6g',
    'train_loss': '.6f',
    'train_top1': '.4f',
    'train_top5': '.4f',
    'val_loss': '.6f',
    'val_top1': '.4f',
    'val_top5': '.4f',
    'seconds': '.3f',
    'images_per_second': '.1f',
}
_WHOLE = ('epoch', 'depth', 'parameters', 'seed')


def write_records(path: str | os.PathLike[str], columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as CSV; what a row lacks is left empty, what `columns` does not name is left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(columns)
    for row in rows:
        writer.writerow(
            ['' if row.get(name) is None else format(row[name], _FORMATS.get(name, '')) for name in columns]
        )
    with whole_file(path) as file:
        file.write(text.getvalue().encode())


def read_records(path: str | os.PathLike[str], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a CSV file that write_records wrote; an empty field is left out of its row.

    Raises:
        FileFormatError: the file has other columns, or a field that is no number where one belongs.
    """
    try:
        lines = list(csv.reader(Path(path).read_text(encoding='utf-8').splitlines(), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise FileFormatError(f'expected CSV, got something else: {error}', where=str(path)) from None
    if not lines or tuple(lines[0]) != tuple(columns):
        got = ','.join(lines[0]) if lines else 'an empty file'
        raise FileFormatError(f'expected the columns {",".join(columns)}, got {got}', where=str(path))
    rows = []
    for number, line in enumerate(lines[1:], 2):
        try:
            rows.append({name: _value(name, text) for name, text in zip(columns, line, strict=True) if text})
        except ValueError as error:
            raise FileFormatError(f'line {number}: {error}', where=str(path)) from None
    return rows


def _value(name: str, text: str) -> Any:
    value = float(text) if name in _FORMATS else int(text) if name in _WHOLE else text
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f'expected a finite {name}, got {text}')
    return value
