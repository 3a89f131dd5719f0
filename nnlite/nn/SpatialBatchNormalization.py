"""Batch normalization of the planes of images."""

from nnlite.nn.BatchNormalization import BatchNormalization


class SpatialBatchNormalization(BatchNormalization):
    """As nn.BatchNormalization, for each plane, over the batch and all pixels.

    Args:
        nOutput: the planes.
        eps, momentum, affine: as in nn.BatchNormalization.

    Shapes: input and output (N, nOutput, H, W), or (nOutput, H, W) in evaluation.

    >>> from nnlite import nn
    >>> nn.SpatialBatchNormalization(16)
    nn.SpatialBatchNormalization (4D) (16)

    Source: torch/nn, SpatialBatchNormalization.lua.
    """

    nDim = 4
