"""The batch on a GPU, in memory that stays where it is."""

import math
from typing import Any

import numpy as np

from nnlite.errors import DataError
from nnlite.tensor.devices import gpu, is_on_gpu
from nnlite.tensor.storage import Storage


class Batch:
    """Images and labels in the memory of a GPU, the same for every batch; larger ones get more.

    Args:
        dtype: what the images become.
    """

    def __init__(self, dtype: np.dtype) -> None:
        self._dtype, self._images, self._labels = dtype, Storage(), Storage()
        self._staging = [Staging(dtype), Staging(dtype)]  # by turns: one is filled while the GPU takes the other

    def hold(self, images: Any, labels: Any, classes: int = 0) -> tuple[Any, Any]:
        """Return copies of images and labels, wherever they are, in the memory for the batch.

        Args:
            images: (N, C, H, W), which will lie channels-last; or any other array.
            labels: (N), which will be int64.
            classes: what labels on the host may be at most, unless it is 0; those on the GPU are not looked at.

        Raises:
            DataError: a label is none of 1 to classes.
        """
        layout = 'map' if images.ndim in (4, 5) else 'plain'
        here = self._images.view(images.shape, self._dtype, layout, gpu())
        if is_on_gpu(images):
            np.copyto(here, images, casting='unsafe')
        else:
            self._staging.reverse()
            self._staging[0].send(images, self._images.memory[: images.size], layout)
        labels_here = self._labels.view(labels.shape, np.dtype(np.int64), 'plain', gpu())
        if is_on_gpu(labels):
            np.copyto(labels_here, labels)
        else:
            wrong = (labels < 1) | (labels > classes)
            if classes and wrong.any():
                raise DataError(f'expected labels from 1 to {classes}, got {labels[wrong][0]}')
            labels_here.set(np.ascontiguousarray(labels, np.int64))
        return here, labels_here


class Staging:
    """Page-locked memory of the host, from which a GPU takes images while the program goes on.

    Args:
        dtype: what the images become.
    """

    def __init__(self, dtype: np.dtype) -> None:
        self._dtype, self._memory = dtype, np.empty(0, dtype)
        self._taken = gpu().cuda.Event(disable_timing=True)

    def send(self, images: np.ndarray, to: Any, layout: str) -> None:
        """Copy images here, as they are to lie, and have the GPU copy them to a vector of its memory."""
        self._taken.synchronize()  # what was here before
        count = math.prod(images.shape)
        if self._memory.size < count:
            memory = gpu().cuda.alloc_pinned_memory(count * self._dtype.itemsize)  # or more than that
            self._memory = np.frombuffer(memory, self._dtype, count)
        flat = self._memory[:count]
        np.copyto(Storage(flat).view(images.shape, self._dtype, layout), images, casting='unsafe')
        to.set(flat)
        self._taken.record()
