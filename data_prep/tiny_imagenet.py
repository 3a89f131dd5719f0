"""Tiny ImageNet from its original zip, or that zip unpacked."""

import os
from typing import TypeVar

from nnlite.data_prep.archive import members
from nnlite.data_prep.convert import Labelled, convert
from nnlite.data_prep.report import Report
from nnlite.errors import DataError, FileFormatError

Value = TypeVar('Value', int, str)

TEXTS = ('wnids.txt', 'words.txt', 'val/val_annotations.txt')
HINT = 'this is the layout of tiny-imagenet-200.zip; `nnlite prep folder` takes pictures in folders by class'


def prepare(
    source: str | os.PathLike[str], out: str | os.PathLike[str], workers: int | None = None, quiet: bool = False
) -> Report:
    """Turn the original `tiny-imagenet-200.zip`, or its folder, into the HDF5 file `out` and OUT-samples.png.

    The classes are those of `wnids.txt`, in its order, however many; their names come from `words.txt`; the labels of
    the validation images from `val/val_annotations.txt`. The unlabelled test images go to `test/images`. Broken
    pictures are left out and named in the report.

    Raises:
        DataError: a file of the layout is missing, or its text does not fit the pictures.
        FileFormatError: the archive is damaged, or not to be trusted.
        OSError: the source cannot be read, or the file not written.
    """
    root, pictures, texts = _listed(source)
    where = os.fspath(source)
    classes = texts['wnids.txt'].split()
    if not classes or len(set(classes)) != len(classes):
        raise DataError('expected distinct classes', where=f'{where} > wnids.txt')
    words = _pairs(texts['words.txt'], f'{where} > words.txt')
    annotations = _pairs(texts['val/val_annotations.txt'], f'{where} > val/val_annotations.txt')
    label = {wnid: number for number, wnid in enumerate(classes)}
    places: dict[str, Labelled] = {}
    for name in pictures:
        match name.removeprefix(root).split('/'):
            case ['train', wnid, 'images', _]:
                places[name] = 'train', _expect(label, wnid, f'{where} > {name}', 'a class of wnids.txt')
            case ['val', 'images', file]:
                wnid = _expect(annotations, file, f'{where} > {name}', 'a picture of val_annotations.txt')
                places[name] = 'val', _expect(label, wnid, f'{where} > {name}', 'a class of wnids.txt')
            case ['test', 'images', _]:
                places[name] = 'test', None
            case _:
                raise DataError('expected no picture here', where=f'{where} > {name}', hint=HINT)
    absent = [f'{root}val/images/{file}' for file in annotations if f'{root}val/images/{file}' not in places]
    report = Report({}, broken=[f'{name}: annotated, but not there' for name in absent])
    names = [words.get(wnid, wnid) for wnid in classes]
    return convert(source, out, classes, names, places, report, workers=workers, quiet=quiet)


def _listed(source: str | os.PathLike[str]) -> tuple[str, list[str], dict[str, str]]:
    """Return the folder that all lies in ('tiny-imagenet-200/' or ''), the pictures' names, and the texts by name."""
    pictures: list[str] = []
    found: dict[str, bytes] = {}
    for name, read in members(source):
        if name.lower().endswith('.jpeg'):
            pictures.append(name)
        elif name.endswith(TEXTS):
            found[name] = read()
    lists = sorted((name for name in found if name.endswith('wnids.txt')), key=len)
    root = lists[0].removesuffix('wnids.txt') if lists else ''
    texts = {}
    for name in TEXTS:
        if root + name not in found:
            raise DataError(f'expected a file {name}, which is absent', where=os.fspath(source), hint=HINT)
        try:
            texts[name] = found[root + name].decode()
        except UnicodeDecodeError as error:
            raise FileFormatError(f'expected text, got {error}', where=f'{os.fspath(source)} > {name}') from error
    return root, pictures, texts


def _pairs(text: str, where: str) -> dict[str, str]:
    """Return the first two fields of each line."""
    pairs = {}
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split('\t')
        if len(fields) < 2:
            raise DataError(f'expected fields between tabs, got {line[:60]!r}', where=f'{where}, line {number}')
        pairs[fields[0]] = fields[1]
    return pairs


def _expect(table: dict[str, Value], key: str, where: str, what: str) -> Value:
    if key not in table:
        raise DataError(f'expected {what}, got {key!r}', where=where)
    return table[key]
