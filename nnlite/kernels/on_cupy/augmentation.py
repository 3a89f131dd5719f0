"""Batches cut out of images that lie on the GPU, mirrored and normalised there."""

import numpy as np

from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks

_GEOMETRY = np.dtype([('count', np.int32), ('height', np.int32), ('width', np.int32), ('padding', np.int32)])
_source = Source('augmentation.cu', 'batch_of')


def batch_of(images, labels, choices, colours, batch, batch_labels, padding):
    """Fill a batch and its labels.

    Args:
        images: uint8 (M, H, W, 3).
        labels: int64 (M).
        choices: int32 (4, N): of each image of the batch its row in images; top and left, from 0, of the window of
            (H, W) that is cut from it when it has a border of `padding` pixels; whether that is mirrored, 0 or 1.
        colours: float32 (3, 3): the border's colour, and scale and offset of each channel.
        batch: float32 (N, H, W, 3), becomes pixel * scale + offset.
        batch_labels: int64 (N).
        padding: how wide the border is.
    """
    geometry = np.array((*batch.shape[:3], padding), _GEOMETRY)[()]
    arrays = images, labels, choices, colours, batch, batch_labels
    _source.launch('batch_of', np.float32, blocks(batch.size), THREADS, *arrays, geometry)
