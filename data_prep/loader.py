"""The loader: batches of normalised images and labels from a data set, made ready in the background."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from nnlite.data_prep.augmentation import Augmentation, preset
from nnlite.data_prep.dataset import open_dataset
from nnlite.data_prep.images_on_gpu import ImagesOnGPU, why_not_on_gpu
from nnlite.errors import DataError

# Splits up to this many bytes are held in memory (all of Tiny ImageNet takes 1.2 GB); larger ones are read from the
# file batch by batch.
IN_MEMORY = 2 << 30
BLOCK = 4096

Batch = tuple[Any, Any]


class Loader:
    """Batches of one split of a data set.

    >>> loader = Loader('cifar.h5', 'train', batchSize=128, seed=1)   # doctest: +SKIP
    >>> for images, labels in loader:                                 # doctest: +SKIP
    ...     net.forward(images)

    Iterating gives the next epoch: `(images, labels)`, images float32 (N, 3, H, W), (pixel / 255 - mean) / std, labels
    int64 (N,) from 1 to the number of classes. Images lie channels-last in memory, as nnlite's kernels like them. The
    last batch may be smaller. A batch stays as it is until the next one is asked for; then its memory is used again.

    The training split is shuffled and augmented; the others are neither. All of it follows from (seed, epoch, number
    of the batch), so the same seed gives the same batches whatever the number of `workers`, the threads that make
    batches ready, and `epoch(number, start)` goes on in the middle of an epoch with the very batches that were due.

    Args:
        path: the data set, as `nnlite prep` writes it.
        split: 'train' or 'val'.
        batchSize: images in a batch.
        seed: whole number from 0.
        augment: 'standard', 'stochastic', None, or a function as in augmentation.py; only for training images.
        workers: threads that make batches ready.
        limit: at most so many images, balanced over the classes, the same ones for every seed.
        shuffle: whether each epoch has an order of its own; by default for training images only.
        device: 'cuda' holds the images on the current GPU and makes the batches there, bit for bit the same, if they
            and the augmentation allow it; if not, batches come from the host as for 'cpu'. `place` says which it is.

    `classes` and `names` are the data set's; `size` is the number of images, `len()` of batches, `shape` (3, H, W).

    Raises:
        DataError: the split or an argument is none there is.
        FileFormatError: the file is damaged, or not a data set.
        OSError: the file is missing or cannot be read.
        DeviceError: 'cuda', where there is no GPU to use.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        split: str,
        batchSize: int = 128,
        seed: int = 1,
        augment: str | Augmentation | None = 'standard',
        workers: int = 1,
        limit: int | None = None,
        shuffle: bool | None = None,
        device: str = 'cpu',
    ) -> None:
        for name, value, least in (('batchSize', batchSize, 1), ('workers', workers, 1), ('seed', seed, 0)):
            if value != int(value) or value < least:
                raise DataError(f'expected {name} of {least} or more, got {value}', where='Loader')
        if limit is not None and limit < 1:
            raise DataError(f'expected a limit of 1 or more, got {limit}', where='Loader')
        self.path, self.split, self.batchSize, self.seed, self.workers = (
            os.fspath(path),
            split,
            batchSize,
            seed,
            workers,
        )
        self.augment = preset(augment) if split == 'train' else None
        self.shuffle = split == 'train' if shuffle is None else shuffle
        self.number = 1
        self._dataset = open_dataset(path)
        try:
            self._open(limit, device)
        except BaseException:
            self._dataset.close()
            raise

    def _open(self, limit: int | None, device: str) -> None:
        dataset = self._dataset
        self.classes, self.names, self.shape = dataset.classes, dataset.names, dataset.shape
        self.mean, self.std = dataset.mean, dataset.std
        labels = dataset.labels(self.split)
        if not len(labels):
            raise DataError(f'expected images in the split {self.split!r}, got none', where=self.path)
        self._chosen = np.arange(len(labels)) if limit is None else balanced(labels, limit)
        self._labels = labels[self._chosen] + 1
        self.size = len(self._chosen)
        self._images: np.ndarray | None = None
        self._on_gpu: ImagesOnGPU | None = None
        self._fill = np.rint(self.mean * 255).astype(np.uint8)
        # pixel * scale + offset, written out for a row of pixels: NumPy is slow on rows of three.
        self._scale = np.tile(1 / (255 * self.std), self.shape[2]).astype(np.float32)
        self._offset = np.tile(-self.mean / self.std, self.shape[2]).astype(np.float32)
        bytes_of_images = self.size * int(np.prod(self.shape))
        why_not = why_not_on_gpu(bytes_of_images, self.augment) if device != 'cpu' else None
        if device != 'cpu' and why_not is None:
            colours = np.array([self._fill, self._scale[:3], self._offset[:3]], np.float32)
            self._on_gpu = ImagesOnGPU(self._blocks(), self._labels, self.shape, colours, self.batchSize)
            self.place = 'lie on the GPU, which makes the batches'
        else:
            if bytes_of_images <= IN_MEMORY:
                self._images = np.empty((self.size, *self.shape[1:], 3), np.uint8)
                for first, block in self._blocks():
                    self._images[first : first + len(block)] = block
            self.place = 'lie on the host' if why_not is None else f'stay on the host: {why_not}'
        if self._images is not None or self._on_gpu is not None:
            dataset.close()

    def _blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the images in pieces (N, H, W, 3), each with the place of its first image."""
        for first in range(0, self.size, BLOCK):
            yield first, self._dataset.images(self.split, self._chosen[first : first + BLOCK]).transpose(0, 2, 3, 1)

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-self.size // self.batchSize)

    def __iter__(self) -> Iterator[Batch]:
        """Give the batches of the next epoch; the first is number 1."""
        number = self.number
        self.number += 1
        return self.epoch(number)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Give the batches of epoch `number`, which counts from 1, leaving out the first `start` of them.

        Raises:
            DataError: the number is below 1, or `start` beyond the last batch.
        """
        if number < 1:
            raise DataError(f'expected an epoch from 1, got {number}', where='Loader.epoch')
        if not 0 <= start <= len(self):
            raise DataError(f'expected a start from 0 to {len(self)}, got {start}', where='Loader.epoch')
        return self._batches(number, start)

    def close(self) -> None:
        """Close the data set's file, which stays open only where its images do not fit in memory."""
        self._dataset.close()

    def _batches(self, number: int, start: int) -> Iterator[Batch]:
        order = np.random.default_rng((self.seed, number)).permutation(self.size) if self.shuffle else None
        if self._on_gpu is not None:
            for batch in range(start, len(self)):
                rows, generator = self._rows(batch, order), self._generator(number, batch)
                yield self._on_gpu.batch(rows, generator if self.augment is not None else None)
            return
        ahead = 2 * self.workers + 1
        # The batch that the consumer holds and those being made: that many, so a slot is free again when it is due.
        slots = [np.empty((self.batchSize, *self.shape[1:], 3), np.float32) for _ in range(min(ahead, len(self)))]
        pending: deque[Future[Batch]] = deque()
        due = start
        with ThreadPoolExecutor(self.workers, thread_name_prefix='nnlite-loader') as pool:
            try:
                for _ in range(start, len(self)):
                    while due < len(self) and len(pending) < ahead:
                        pending.append(pool.submit(self._batch, number, due, order, slots[due % len(slots)]))
                        due += 1
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def _batch(self, number: int, batch: int, order: np.ndarray | None, slot: np.ndarray) -> Batch:
        rows = self._rows(batch, order)
        images = self._pixels(rows)
        if self.augment is not None:
            images = self.augment(images, self._generator(number, batch), self._fill)
        result = slot[: len(rows)]
        lines = result.reshape(-1, len(self._scale))
        np.multiply(images.reshape(lines.shape), self._scale, out=lines)
        lines += self._offset
        return result.transpose(0, 3, 1, 2), self._labels[rows]

    def _rows(self, batch: int, order: np.ndarray | None) -> np.ndarray:
        first, last = batch * self.batchSize, min((batch + 1) * self.batchSize, self.size)
        return np.arange(first, last) if order is None else order[first:last]

    def _generator(self, number: int, batch: int) -> np.random.Generator:
        # 1 + batch: (seed, epoch, 0) is the same seed to NumPy as (seed, epoch), the shuffle's.
        return np.random.default_rng((self.seed, number, 1 + batch))

    def _pixels(self, rows: np.ndarray) -> np.ndarray:
        if self._images is not None:
            return self._images[rows]
        # The file likes its rows in order, and each once.
        ascending, places = np.unique(self._chosen[rows], return_inverse=True)
        return self._dataset.images(self.split, ascending).transpose(0, 2, 3, 1)[places]


def balanced(labels: np.ndarray, limit: int) -> np.ndarray:
    """Return the places, in ascending order, of at most `limit` labels, of each class as many as of the others.

    A class that has fewer gives all it has. Which images are taken does not depend on any seed.

    >>> balanced(np.array([0, 0, 0, 0, 1, 2, 2]), 5).size
    5
    """
    mixed = np.random.default_rng(0).permutation(len(labels))
    grouped = mixed[np.argsort(labels[mixed], kind='stable')]
    counts = np.bincount(labels)
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(grouped[np.argsort(rank, kind='stable')][:limit])
