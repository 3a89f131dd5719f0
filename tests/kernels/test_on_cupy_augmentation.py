"""Batches made on a GPU are NumPy's to the bit, over ragged shapes and in three orders of threads."""

import numpy as np
import pytest

from nnlite.data_prep import augmentation
from nnlite.kernels.on_cupy.augmentation import batch_of


@pytest.mark.parametrize('count, height, width', [(1, 1, 1), (3, 8, 5), (7, 16, 20), (2, 33, 31)])
def test_a_batch_is_cropped_mirrored_and_normalised(cupy, order, count, height, width):
    random = np.random.default_rng(height)
    images = random.integers(0, 256, (11, height, width, 3)).astype('u1')
    labels, rows = random.integers(1, 9, 11), random.integers(0, 11, count)
    fill = np.array([200, 100, 50], 'u1')
    scale, offset = random.standard_normal((2, 3)).astype('f4')

    expected = augmentation.standard(images[rows], np.random.default_rng(7), fill) * scale + offset

    draws, padding = np.random.default_rng(7), augmentation.border(height)
    tops, lefts = augmentation.windows(draws, count, padding)
    choices = np.array([rows, tops, lefts, augmentation.flips(draws, count)], np.int32)
    batch, batch_labels = cupy.empty((count, height, width, 3), 'f4'), cupy.empty(count, 'i8')
    colours = np.array([fill, scale, offset], 'f4')
    arrays = map(cupy.asarray, (images, labels, choices, colours))
    batch_of(*arrays, batch, batch_labels, padding)
    assert batch.get().tobytes() == expected.astype('f4').tobytes()
    assert batch_labels.get().tolist() == labels[rows].tolist()
