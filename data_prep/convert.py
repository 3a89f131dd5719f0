"""Pictures of an archive, whose labels are known, into a data set."""

import itertools
import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import numpy as np

from nnlite.data_prep.archive import checksum, expect_apart, members
from nnlite.data_prep.dataset import SPLITS
from nnlite.data_prep.parallel import in_order
from nnlite.data_prep.pictures import decode_many
from nnlite.data_prep.report import Report
from nnlite.data_prep.samples import save_samples
from nnlite.data_prep.writer import write_dataset
from nnlite.errors import DataError

# Pictures handed to a process at a time.
TASK = 256

# The split of a picture, and its label from 0; None where it has none.
Labelled = tuple[str, int | None]


def convert(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    classes: Sequence[str],
    names: Sequence[str],
    places: Mapping[str, Labelled],
    report: Report,
    size: int | None = None,
    workers: int | None = None,
    quiet: bool = False,
) -> Report:
    """Write the pictures named in `places` to the HDF5 file `out`, and OUT-samples.png beside it; complete the report.

    Raises:
        DataError: pictures of unequal sizes where no `size` is given, a class without one that can be read; `out` is
            the source.
        FileFormatError: the archive is damaged, or not to be trusted.
        OSError: the source cannot be read, or the file not written.
    """
    expect_apart(source, out)
    images = _decoded(source, places, size, workers, report)
    name, first = next(images, ('', None))
    if first is None:
        raise DataError('expected JPEG or PNG files, got none that can be read', where=os.fspath(source))
    height, width, _ = first.shape
    files = _within_split(places)
    with write_dataset(
        out,
        (3, height, width),
        classes,
        names,
        source=os.path.basename(os.path.abspath(source)),
        source_sha256=checksum(source),
        total=len(places),
        quiet=quiet,
    ) as writer:
        for block in _blocks(itertools.chain([(name, first)], images)):
            for name, image in block:
                if image.shape != first.shape:
                    raise DataError(
                        f'expected all pictures {width}x{height} as the first, got {image.shape[1]}x{image.shape[0]}',
                        where=f'{os.fspath(source)} > {name}',
                        hint='--size N scales them all to one size',
                    )
            for split in SPLITS:
                own = [(places[name][1], image, files[name]) for name, image in block if places[name][0] == split]
                if own:
                    labels, arrays, names_of = zip(*own, strict=True)
                    pixels = np.stack(arrays).transpose(0, 3, 1, 2)
                    writer.append(split, pixels, None if None in labels else labels, names_of)
    report.sizes = {split: writer.sizes[split] for split in SPLITS if split in writer.sizes}
    save_samples(out)
    return report


def _within_split(places: Mapping[str, Labelled]) -> dict[str, str]:
    """Return each picture's name without the folders that all pictures of its split share.

    >>> _within_split({'x/val/cat/1.png': ('val', 0), 'x/val/dog/1.png': ('val', 1), 'x/test/2.png': ('test', None)})
    {'x/val/cat/1.png': 'cat/1.png', 'x/val/dog/1.png': 'dog/1.png', 'x/test/2.png': '2.png'}
    """
    folders: dict[str, list[str]] = {}
    for name, (split, _) in places.items():
        folder = name.split('/')[:-1]
        shared = folders.setdefault(split, folder)
        alike = next((i for i, (a, b) in enumerate(zip(shared, folder, strict=False)) if a != b), None)
        folders[split] = shared[: min(len(shared), len(folder)) if alike is None else alike]
    return {name: '/'.join(name.split('/')[len(folders[split]) :]) for name, (split, _) in places.items()}


def _decoded(
    source: str | os.PathLike[str], wanted: Container[str], size: int | None, workers: int | None, report: Report
) -> Iterator[tuple[str, np.ndarray]]:
    """Give name and pixels, uint8 (H, W, 3), of the wanted pictures, decoded in parallel; note the broken ones."""
    names: list[tuple[str, ...]] = []

    def tasks() -> Iterator[tuple[tuple[bytes, ...], int | None]]:
        for block in _blocks((name, read()) for name, read in members(source) if name in wanted):
            these, contents = zip(*block, strict=True)
            names.append(these)
            yield contents, size

    for results in in_order(decode_many, tasks(), workers):
        for name, result in zip(names.pop(0), results, strict=True):
            if isinstance(result, str):
                report.broken.append(f'{name}: {result}')
            else:
                yield name, result


def _blocks(items: Iterable) -> Iterator[tuple]:
    """Give the items in tuples of TASK, the last one shorter (itertools.batched is not in Python 3.11)."""
    items = iter(items)
    while block := tuple(itertools.islice(items, TASK)):
        yield block
