"""The one HDF5 layout of nnlite's data sets, and its reader.

- `train/images`: uint8 (N, 3, H, W), chunked, uncompressed: one image is read in some 75 microseconds
- `train/labels`: integers (N,), from 0
- `val/images`, `val/labels`: the same
- `test/images`: images without labels; optional
- `train/files`, `val/files`, `test/files`: strings (N,) in UTF-8, of one length, padded with zeros: the name of each
  image's file in the source, without the folders that all of its split share (`test_0.JPEG`); optional: not all images
  come from files of their own

Attributes of the file:

- `classes`: what the source calls its classes (folder names, WordNet ids), in the order of the labels
- `names`: the same for people to read
- `mean`, `std`: of each channel over the training images, for pixels between 0 and 1
- `source`: what it was made from; `source_sha256`: its checksum; `made_by`: the program
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np

from nnlite.errors import DataError, FileFormatError
from nnlite.hdf5_arrays import expect_stored_here
from nnlite.hdf5_heaps import expect_sound_heaps

SIGNATURE = b'\x89HDF\r\n\x1a\n'
SPLITS = ('train', 'val', 'test')
MAX_SIDE = 4096
MAX_CLASSES = 100_000
MAKE_ANEW = 'make the file anew with `nnlite prep`'
MAX_NAME = 1 << 14  # bytes; what systems allow for a path is a quarter of it


def open_dataset(path: str | os.PathLike[str]) -> 'Dataset':
    """Open a data set for reading; everything is checked before any of it is used.

    Raises:
        FileFormatError: the file is damaged, or not in this layout, or refers to other files.
        OSError: the file is missing or cannot be read.
    """
    return Dataset(path)


class Dataset:
    """A data set in an HDF5 file, open for reading.

    `sizes` is the number of images of each split (`{'train': 50000, 'val': 10000}`), `shape` that of one image
    (3, H, W), `classes` and `names` are lists of str, `mean` and `std` float64 arrays of 3 in units of 0..1.
    Use it in a `with`, or call `close`.

    Raises:
        FileFormatError: the file is damaged, or not in this layout, or refers to other files.
        OSError: the file is missing or cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        import h5py

        self.path = os.fspath(path)
        with open(path, 'rb') as file:
            if file.read(len(SIGNATURE)) != SIGNATURE:
                raise FileFormatError(
                    'expected an HDF5 file, got another kind',
                    where=self.path,
                    hint='`nnlite prep` makes such a file from a folder or an archive of images',
                )
            self._bytes = os.fstat(file.fileno()).st_size
        expect_sound_heaps(path)
        with self._damaged_if_unreadable():
            self._file = h5py.File(path, 'r')
        try:
            with self._damaged_if_unreadable():
                self._read_attributes()
                self._open_splits()
        except BaseException:
            self.close()
            raise

    def labels(self, split: str) -> np.ndarray:
        """Return the labels of a split, int64 (N,), from 0.

        Raises:
            DataError: the file has no such split, or no labels for it.
        """
        self._expect(split)
        if split not in self._labels:
            raise DataError(f'the images of {split!r} have no labels', where=self.path)
        return self._labels[split]

    def has_labels(self, split: str) -> bool:
        """Return whether the images of a split have labels.

        Raises:
            DataError: the file has no such split.
        """
        self._expect(split)
        return split in self._labels

    def images(self, split: str, indices: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """Return images of a split, uint8 (N, 3, H, W): all, or those at `indices` (from 0), in that order.

        Raises:
            DataError: the file has no such split, or not so many images.
            FileFormatError: the file is damaged.
        """
        self._expect(split)
        chosen = np.arange(self.sizes[split]) if indices is None else np.asarray(indices, np.int64)
        if chosen.size and not 0 <= chosen.min() <= chosen.max() < self.sizes[split]:
            raise DataError(f'expected indices below {self.sizes[split]}, got {chosen.max()}', where=self.path)
        images = np.empty((len(chosen), *self.shape), np.uint8)
        # Neighbours are read at once; HDF5's own selections by index lists grow slow with their length.
        ends = np.flatnonzero(np.diff(chosen) != 1) + 1
        with self._damaged_if_unreadable():
            for first, last in zip([0, *ends], [*ends, len(chosen)], strict=True):
                if first < last:
                    begin = int(chosen[first])
                    self._images[split].read_direct(images, np.s_[begin : begin + last - first], np.s_[first:last])
        return images

    def files(self, split: str) -> list[str] | None:
        """Return the name of each image's file in what the data set was made from; None if it does not know them.

        Raises:
            DataError: the file has no such split.
            FileFormatError: the file is damaged.
        """
        self._expect(split)
        if split not in self._files:
            return None
        with self._damaged_if_unreadable():
            return [name.decode() for name in self._files[split][()]]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        sizes = ', '.join(f'{size} {split}' for split, size in self.sizes.items())
        return f'Dataset({self.path!r}: {sizes}, {len(self.classes)} classes, {"x".join(map(str, self.shape))})'

    def _expect(self, split: str) -> None:
        if split not in self.sizes:
            raise DataError(f'expected one of {", ".join(self.sizes)}, got {split!r}', where=self.path)

    @contextlib.contextmanager
    def _damaged_if_unreadable(self) -> Iterator[None]:
        """Turn whatever HDF5 says about a file it cannot follow into one clear error."""
        try:
            yield
        except FileFormatError as error:
            error.hint = error.hint or MAKE_ANEW
            raise
        except (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError) as error:
            raise self._bad(f'the file is damaged: {str(error).splitlines()[0]}') from error

    def _bad(self, message: str) -> FileFormatError:
        return FileFormatError(message, where=self.path, hint=MAKE_ANEW)

    def _read_attributes(self) -> None:
        self.classes = self._strings('classes')
        self.names = self._strings('names')
        if len(self.names) != len(self.classes) or len(set(self.classes)) != len(self.classes):
            raise self._bad(f'expected distinct classes with a name each, got {len(self.classes)}, {len(self.names)}')
        self.mean = self._channels('mean')
        self.std = self._channels('std')
        if not (self.std > 0).all():
            raise self._bad(f'expected a std above 0, got {self.std.tolist()}')
        self.source, self.source_sha256, self.made_by = map(self._text, ('source', 'source_sha256', 'made_by'))

    def _attribute(self, name: str) -> Any:
        if name not in self._file.attrs:
            raise self._bad(f'expected an attribute {name!r}, got {", ".join(list(self._file.attrs)[:9]) or "none"}')
        return self._file.attrs.get_id(name)

    def _strings(self, name: str) -> list[str]:
        import h5py

        attribute = self._attribute(name)
        count = attribute.shape[0] if len(attribute.shape) == 1 else 0
        if h5py.check_string_dtype(attribute.dtype) is None or not 1 <= count <= MAX_CLASSES:
            raise self._bad(
                f'expected 1 to {MAX_CLASSES} strings in the attribute {name!r}, '
                f'got {attribute.shape} {attribute.dtype}'
            )
        return [value.decode() if isinstance(value, bytes) else value for value in self._file.attrs[name]]

    def _channels(self, name: str) -> np.ndarray:
        attribute = self._attribute(name)
        if attribute.shape != (3,) or attribute.dtype.kind != 'f':
            raise self._bad(f'expected 3 numbers in the attribute {name!r}, got {attribute.shape} {attribute.dtype}')
        values = np.asarray(self._file.attrs[name], np.float64)
        if not np.isfinite(values).all():
            raise self._bad(f'expected finite numbers in the attribute {name!r}, got {values.tolist()}')
        return values

    def _text(self, name: str) -> str:
        import h5py

        attribute = self._attribute(name)
        if h5py.check_string_dtype(attribute.dtype) is None or attribute.shape != ():
            raise self._bad(f'expected a string in the attribute {name!r}, got {attribute.shape} {attribute.dtype}')
        return str(self._file.attrs[name])

    def _open_splits(self) -> None:
        self.sizes: dict[str, int] = {}
        self.shape: tuple[int, ...] = ()
        self._images: dict[str, Any] = {}
        self._labels: dict[str, np.ndarray] = {}
        self._files: dict[str, Any] = {}
        for split in SPLITS:
            if self._own_group(split) is None:
                continue
            images = self._own_dataset(split, 'images')
            if images is None:
                raise self._bad(f'expected {split}/images, which is absent')
            count, *shape = images.shape if images.ndim == 4 else (0,)
            if images.dtype != np.uint8 or not shape or shape[0] != 3 or not 1 <= max(shape) <= MAX_SIDE or 0 in shape:
                raise self._bad(f'expected {split}/images of uint8 (N, 3, H, W), got {images.shape} {images.dtype}')
            if self.shape and tuple(shape) != self.shape:
                raise self._bad(f'expected {split}/images of the shape {self.shape} of the others, got {tuple(shape)}')
            self.shape = tuple(int(side) for side in shape)
            expect_stored_here(images, self._bytes, self.path, every_chunk=True)
            labels = self._own_dataset(split, 'labels')
            if labels is not None:
                self._labels[split] = self._checked_labels(split, labels, count)
            elif split != 'test':
                raise self._bad(f'expected {split}/labels, which is absent')
            files = self._own_dataset(split, 'files')
            if files is not None:
                self._files[split] = self._checked_files(split, files, count)
            self._images[split], self.sizes[split] = images, int(count)
        if 'train' not in self.sizes:
            raise self._bad('expected a group train, which is absent')

    def _own_group(self, name: str) -> Any:
        import h5py

        group = self._own(self._file, name)
        if group is not None and not isinstance(group, h5py.Group):
            raise self._bad(f'expected {name} to be a group')
        return group

    def _own_dataset(self, split: str, name: str) -> Any:
        import h5py

        dataset = self._own(self._file[split], name)
        if dataset is not None and not isinstance(dataset, h5py.Dataset):
            raise self._bad(f'expected {split}/{name} to be an array')
        return dataset

    def _own(self, group: Any, name: str) -> Any:
        """Return what lies in the group under this name in this very file: a link could lead to any other."""
        import h5py

        link = group.get(name, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise self._bad(f'expected {name} in the file itself, got a link to {getattr(link, "path", "?")}')
        return group[name]

    def _checked_labels(self, split: str, labels: Any, count: int) -> np.ndarray:
        if labels.shape != (count,) or labels.dtype.kind not in 'iu':
            raise self._bad(f'expected {split}/labels of ({count},) integers, got {labels.shape} {labels.dtype}')
        expect_stored_here(labels, self._bytes, self.path, every_chunk=True)
        values = labels[()].astype(np.int64)
        if count and not 0 <= values.min() <= values.max() < len(self.classes):
            raise self._bad(
                f'expected {split}/labels from 0 to {len(self.classes) - 1}, got {values.min()} to {values.max()}'
            )
        return values

    def _checked_files(self, split: str, files: Any, count: int) -> Any:
        import h5py

        kind = h5py.check_string_dtype(files.dtype)
        # Strings of any length would lie elsewhere in the file, where nothing says how many bytes they take.
        if files.shape != (count,) or kind is None or kind.length is None or kind.length > MAX_NAME:
            raise self._bad(
                f'expected {split}/files of ({count},) strings of one length, at most {MAX_NAME} bytes, '
                f'got {files.shape} {files.dtype}'
            )
        expect_stored_here(files, self._bytes, self.path, every_chunk=True)
        return files
