"""Data sets from pictures in folders, one for each class: a folder, a zip or a tar."""

import os
from collections.abc import Iterable
from pathlib import PurePosixPath

import numpy as np

from nnlite.data_prep.archive import members
from nnlite.data_prep.convert import Labelled, convert
from nnlite.data_prep.report import Report
from nnlite.errors import DataError

# Pictures by their names; of these JPEG and PNG are read, the others are named as broken rather than left out silently.
SUFFIXES = {'.jpg', '.jpeg', '.png', '.gif', '.bmp', '.webp', '.tif', '.tiff', '.heic', '.avif', '.ppm', '.pgm'}
SPLITS = {'train': 'train', 'val': 'val', 'valid': 'val', 'validation': 'val', 'test': 'test'}


def prepare(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    size: int | None = None,
    val: float = 0,
    seed: int = 1,
    workers: int | None = None,
    quiet: bool = False,
) -> Report:
    """Turn a folder, zip or tar of pictures into the HDF5 file `out`, and OUT-samples.png beside it.

    The source holds `train/CLASS/*` and `val/CLASS/*` (or `test/CLASS/*`, where there is no `val`), or `CLASS/*` alone;
    then the part `val` of each class, chosen by the seed, becomes the validation split. All of it may lie one folder
    down. With `size`, the centre square of each picture is scaled to size x size; without, all must be of one size.
    Broken pictures are left out and named in the report.

    Raises:
        DataError: no pictures in such an order, pictures of unequal sizes, a class without a picture that can be read.
        FileFormatError: the archive is damaged, or not to be trusted.
        OSError: the source cannot be read, or the file not written.
    """
    if size is not None and not 1 <= size <= 4096:
        raise DataError(f'expected a size from 1 to 4096, got {size}')
    if not 0 <= val < 1:
        raise DataError(f'expected a part for validation from 0 to below 1, got {val}')
    if seed < 0:
        raise DataError(f'expected a seed of 0 or more, got {seed}')
    pictures, ignored = sort_out(name for name, _ in members(source))
    if any(name.endswith('wnids.txt') for name in ignored):
        raise DataError(
            'expected pictures in folders by class, got the layout of Tiny ImageNet',
            where=os.fspath(source),
            hint='`nnlite prep tiny-imagenet` reads it',
        )
    classes, places = arrange(pictures, val, seed, os.fspath(source))
    return convert(source, out, classes, classes, places, Report({}, ignored=ignored), size, workers, quiet)


def sort_out(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the names of pictures, and of other files; what systems leave behind (.DS_Store, __MACOSX) is neither."""
    pictures: list[str] = []
    others: list[str] = []
    for name in names:
        path = PurePosixPath(name)
        if any(part.startswith('.') or part == '__MACOSX' for part in path.parts):
            continue
        (pictures if path.suffix.lower() in SUFFIXES else others).append(name)
    return pictures, others


def arrange(names: list[str], val: float, seed: int, source: str) -> tuple[list[str], dict[str, Labelled]]:
    """Return the classes, sorted, and for each picture's name its split and label, from 0; None: it has no label.

    >>> arrange(['train/a/1.png', 'train/b/2.png', 'test/b/3.png'], 0, 1, 'here')
    (['a', 'b'], {'train/a/1.png': ('train', 0), 'train/b/2.png': ('train', 1), 'test/b/3.png': ('val', 1)})

    Raises:
        DataError: the names are in no order that `prepare` knows.
    """
    if not names:
        raise DataError('expected pictures (.jpg, .jpeg, .png), got none', where=source)
    parts = {name: name.split('/') for name in names}
    # What all names begin with says nothing, as long as a class and a file remain.
    while len({path[0] for path in parts.values()}) == 1 and min(map(len, parts.values())) > 2:
        parts = {name: path[1:] for name, path in parts.items()}
    splits = {path[0] for path in parts.values()}
    if 'train' in splits and len(splits) > 1:
        return _by_splits(parts, val, source)
    return _by_classes(parts, val, seed, source)


def _by_splits(parts: dict[str, list[str]], val: float, source: str) -> tuple[list[str], dict[str, Labelled]]:
    if val:
        raise DataError('expected no part for validation where val or test is there', where=source, hint='no --val')
    for name, path in parts.items():
        if path[0] not in SPLITS or (len(path) != 3 and path[0] != 'test'):
            raise DataError(f'expected train/CLASS/*, val/CLASS/* and test/CLASS/*, got {name}', where=source)
    split = {name: SPLITS[path[0]] for name, path in parts.items()}
    if 'val' not in split.values():
        split = {name: 'val' if of == 'test' else of for name, of in split.items()}
    classes = sorted({path[1] for name, path in parts.items() if split[name] == 'train'})
    labels = {name: number for number, name in enumerate(classes)}
    tested = all(path[1] in labels for name, path in parts.items() if split[name] == 'test')
    places: dict[str, Labelled] = {}
    for name, path in parts.items():
        if split[name] == 'test' and not tested:
            places[name] = 'test', None
        elif path[1] not in labels:
            raise DataError(f'expected the classes of train, got {path[1]}', where=f'{source} > {name}')
        else:
            places[name] = split[name], labels[path[1]]
    return classes, places


def _by_classes(
    parts: dict[str, list[str]], val: float, seed: int, source: str
) -> tuple[list[str], dict[str, Labelled]]:
    for name, path in parts.items():
        if len(path) != 2:
            raise DataError(f'expected CLASS/* or train/CLASS/* and val/CLASS/*, got {name}', where=source)
    if not val:
        raise DataError(
            'expected pictures for validation, got classes alone',
            where=source,
            hint='--val 0.1 takes a tenth of each class; or put them under val/CLASS/',
        )
    classes = sorted({path[0] for path in parts.values()})
    places: dict[str, Labelled] = {}
    of_class: dict[str, list[str]] = {of: [] for of in classes}
    for name in sorted(parts):
        of_class[parts[name][0]].append(name)
    for label, own in enumerate(of_class.values()):
        held = min(max(1, round(val * len(own))), len(own) - 1)
        order = np.random.default_rng((seed, label)).permutation(len(own))
        for rank, place in enumerate(order):
            places[own[place]] = 'val' if rank < held else 'train', label
    return classes, places
