"""The images of a split in the memory of a GPU, and the batches that it makes of them."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from nnlite.data_prep.augmentation import Augmentation, border, flips, standard, windows
from nnlite.tensor.devices import gpu

SHARE = 0.5  # of the GPU's free memory; the rest is the network's


def why_not_on_gpu(size: int, augment: Augmentation | None) -> str | None:
    """Return why images of so many bytes, changed in this way, cannot be held on the GPU; None if they can.

    Raises:
        DeviceError: there is no GPU to use.
    """
    free, _ = gpu().cuda.Device().mem_info
    if augment not in (None, standard):
        return f'the augmentation {getattr(augment, "__name__", augment)} is made there'
    if size > SHARE * free:
        return f'they take {size / 1e6:,.0f} MB, and the GPU has {free / 1e6:,.0f} MB free'
    return None


class ImagesOnGPU:
    """Images on the current GPU, as uint8, and batches of them: what a loader on the host gives, to the bit.

    What is random is drawn on the host, by the same generator, and a few bytes an image go to the GPU.

    Args:
        blocks: the images in pieces, uint8 (N, H, W, 3), each with the place of its first image.
        labels: int64 (M), one for each image.
        shape: (3, H, W).
        colours: float32 (3, 3): of each channel the border's colour, the scale, the offset.
        batchSize: the most images in a batch.
    """

    def __init__(
        self,
        blocks: Iterable[tuple[int, np.ndarray]],
        labels: np.ndarray,
        shape: tuple[int, ...],
        colours: np.ndarray,
        batchSize: int,
    ) -> None:
        cupy = gpu()
        self._images = cupy.empty((len(labels), *shape[1:], 3), np.uint8)
        for first, block in blocks:
            self._images[first : first + len(block)] = cupy.asarray(np.ascontiguousarray(block))
        self._labels, self._colours = cupy.asarray(labels), cupy.asarray(colours)
        self._batch = cupy.empty((batchSize, *shape[1:], 3), np.float32)
        self._batch_labels = cupy.empty(batchSize, np.int64)
        self._choices = cupy.empty(4 * batchSize, np.int32)

    def batch(self, rows: np.ndarray, generator: np.random.Generator | None) -> tuple[Any, Any]:
        """Return the images of these rows, float32 (N, 3, H, W), and their labels, in memory used again by the next.

        Args:
            rows: places in the set, from 0.
            generator: draws the crops and flips of the standard augmentation; None leaves the images as they are.
        """
        from nnlite.kernels.on_cupy.augmentation import batch_of

        count, padding = len(rows), 0
        chosen = np.zeros((4, count), np.int32)
        chosen[0] = rows
        if generator is not None:
            padding = border(self._images.shape[1])
            chosen[1:3] = windows(generator, count, padding)
            chosen[3] = flips(generator, count)
        choices = self._choices[: 4 * count].reshape(4, count)
        choices.set(chosen)
        batch, labels = self._batch[:count], self._batch_labels[:count]
        batch_of(self._images, self._labels, choices, self._colours, batch, labels, padding)
        return batch.transpose(0, 3, 1, 2), labels
