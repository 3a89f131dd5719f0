"""Batch normalization of the planes of videos."""

from nnlite.nn.BatchNormalization import BatchNormalization


class VolumetricBatchNormalization(BatchNormalization):
    """As nn.BatchNormalization, for each plane, over the batch, all frames and all pixels.

    Args:
        nOutput: the planes.
        eps, momentum, affine: as in nn.BatchNormalization.

    Shapes: input and output (N, nOutput, T, H, W), or (nOutput, T, H, W) in evaluation.

    >>> from nnlite import nn
    >>> nn.VolumetricBatchNormalization(16)
    nn.VolumetricBatchNormalization (5D) (16)

    Source: torch/nn, VolumetricBatchNormalization.lua.
    """

    nDim = 5
    version = 1  # in Torch, a class does not take this over from its base
