"""The writer of nnlite's HDF5 data sets; the layout stands in dataset.py."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nnlite.data_prep.steady_file import SteadyFile
from nnlite.errors import DataError, ShapeError
from nnlite.whole_file import remove_unfinished, whole_file

# A chunk of this size reads a single image in about the time of one image alone, and a whole split as fast as memory.
CHUNK = 1 << 17


@contextlib.contextmanager
def write_dataset(
    path: str | os.PathLike[str],
    shape: Sequence[int],
    classes: Sequence[str],
    names: Sequence[str] | None = None,
    source: str = '',
    source_sha256: str | None = None,
    total: int | None = None,
    quiet: bool = False,
) -> Iterator['DatasetWriter']:
    """Give a DatasetWriter for `path`; the file appears there when the block ends well, and not at all otherwise.

    What a killed program has left of the same file is removed.

    `shape` is that of one image, (3, H, W); `names` are `classes` where not given. `total`, the number of images to
    come, is for the progress bar, which only a terminal gets to see. Without `source_sha256` the checksum is that of
    the images and labels themselves.

    Raises:
        DataError: some class has no training image, or a name that is no text.
        OSError: the disk is full, or the folder cannot be written.
    """
    import h5py
    from tqdm import tqdm

    for name in (*classes, *(names or ())):
        if '\0' in name or not _is_text(name):
            raise DataError(f'expected classes named in UTF-8, got {name!r}', where=source or None)
    remove_unfinished(path)  # large files, which would stay there for ever
    with (
        whole_file(path) as whole,
        tqdm(total=total, unit=' images', desc=os.path.basename(path), disable=True if quiet else None) as bar,
        SteadyFile(whole.name, called=path) as steady,
    ):
        # HDF5 1.10's form: read and written faster than the oldest one, and without its limit on attributes.
        with h5py.File(steady, 'w', libver=('v110', 'v110')) as file:
            writer = DatasetWriter(file, shape, classes, bar, steady.check)
            yield writer
            writer.finish(names or classes, source, source_sha256)
        steady.check()


class DatasetWriter:
    """Appends images to a data set that is being written; `write_dataset` makes one.

    `sizes` is the number of images written so far to each split.
    """

    def __init__(
        self, file: Any, shape: Sequence[int], classes: Sequence[str], bar: Any, check: Callable[[], None]
    ) -> None:
        self.shape, self.classes = tuple(shape), list(classes)
        self._file, self._bar, self._check = file, bar, check
        self._sum = np.zeros(3, np.uint64)
        self._squares = np.zeros(3, np.uint64)
        self._counts = np.zeros(len(self.classes), np.int64)
        self._checksum = hashlib.sha256()
        self._files: dict[str, list[str]] = {}
        self.sizes: dict[str, int] = {}

    def append(
        self,
        split: str,
        images: np.ndarray,
        labels: np.ndarray | Sequence[int] | None = None,
        files: Sequence[str] = (),
    ) -> None:
        """Add images, uint8 (N, 3, H, W), and their labels, from 0, to a split; the unlabelled test split has none.

        `files` are the names of their files; those of a split are written if every image of it has one.

        Raises:
            ShapeError: the images are not of this data set's shape, or not as many as the labels or files.
            OSError: the disk is full.
        """
        if images.shape[1:] != self.shape or (labels is not None and len(labels) != len(images)):
            raise ShapeError(f'expected images (N, {str(self.shape)[1:]} and N labels, got {images.shape}')
        if len(files) not in (0, len(images)):
            raise ShapeError(f'expected names of {len(images)} files, got {len(files)}')
        images = np.ascontiguousarray(images, np.uint8)
        self._extend(f'{split}/images', images)
        self._checksum.update(images.data)
        if labels is not None:
            labels = np.asarray(labels, np.int64)
            self._extend(f'{split}/labels', labels)
            self._checksum.update(labels.data)
        if split == 'train' and labels is not None:
            # Whole numbers, so that the sums do not depend on how the images came in pieces.
            self._sum += images.sum((0, 2, 3), dtype=np.uint64)
            self._squares += np.square(images, dtype=np.uint16).sum((0, 2, 3), dtype=np.uint64)
            self._counts += np.bincount(labels, minlength=len(self.classes))
        self._files.setdefault(split, []).extend(files)
        self._check()
        self.sizes[split] = self.sizes.get(split, 0) + len(images)
        self._bar.update(len(images))

    def finish(self, names: Sequence[str], source: str, source_sha256: str | None) -> None:
        """Write the attributes, once all images are there.

        Raises:
            DataError: some class has no training image.
        """
        from nnlite import __version__

        if not self._counts.all():
            lacking = [name for name, count in zip(self.classes, self._counts, strict=True) if not count]
            raise DataError(
                f'expected training images of each of {len(self.classes)} classes, got none of {", ".join(lacking[:9])}'
            )
        for split, files in self._files.items():
            if files and len(files) == self.sizes[split]:
                self._write_files(f'{split}/files', files)
        pixels = int(self._counts.sum()) * self.shape[1] * self.shape[2]
        mean = self._sum / pixels
        std = np.sqrt(np.maximum(self._squares / pixels - mean**2, 0))
        self._file.attrs.update(
            {
                'classes': self.classes,
                'names': list(names),
                'mean': mean / 255,
                # Images of one flat colour have no spread to divide by; one step of a pixel stands in for it.
                'std': np.maximum(std, 1) / 255,
                'source': source if _is_text(source) else ascii(source),
                'source_sha256': source_sha256 or self._checksum.hexdigest(),
                'made_by': f'nnlite {__version__}',
            }
        )

    def _write_files(self, name: str, files: list[str]) -> None:
        import h5py

        encoded = [(file if _is_text(file) else ascii(file)).encode() for file in files]
        kind = h5py.string_dtype('utf-8', max(map(len, encoded)))
        self._file.create_dataset(name, data=np.array(encoded, kind))

    def _extend(self, name: str, values: np.ndarray) -> None:
        if name not in self._file:
            item = values[:1].nbytes or values.itemsize * int(np.prod(values.shape[1:]))
            self._file.create_dataset(
                name,
                shape=(0, *values.shape[1:]),
                maxshape=(None, *values.shape[1:]),
                dtype=values.dtype,
                chunks=(max(1, CHUNK // item), *values.shape[1:]),
            )
        dataset = self._file[name]
        size = len(dataset)
        dataset.resize(size + len(values), axis=0)
        dataset[size:] = values


def _is_text(name: str) -> bool:
    """Return whether it can be written in UTF-8; on Linux a file's name may be any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
