"""Residual networks: blocks that add to their input what they compute from it."""

from nnlite import nn
from nnlite.errors import Error
from nnlite.models.topology import BOTTLENECK_FROM, network

SHORTCUTS = ('A', 'A-subsample', 'B', 'C')


def resnet(depth, dataset, shortcutType='A', dropout=0, classes=None, widths=None):
    """Return a residual network: an nn.Sequential from images (N, 3, H, W) to scores (N, classes).

    Args:
        depth: the number of layers; see nnlite.models.topology.blocks_of.
        dataset: 'cifar10' (3 stages, for pictures of up to 32 pixels), 'tiny-imagenet' (4 stages, 64 pixels) or
            'imagenet' (He's table: 18 and 34 of basic blocks, 50, 101 and 152 of bottlenecks).
        shortcutType: what stands in for the identity where a block changes the size: 'A', average pooling and zero
            planes, no parameters; 'A-subsample', every other pixel and zero planes; 'B', a 1x1 convolution; 'C', a 1x1
            convolution in every block.
        dropout: the probability in a block's dropout, between its convolutions; 0 for none.
        classes: the data set's own number by default.
        widths: planes of each stage, the data set's own by default.

    >>> import numpy as np
    >>> resnet(8, 'cifar10').forward(np.zeros((2, 3, 32, 32), np.float32)).shape
    (2, 10)

    Raises:
        Error: there is no such data set, depth or shortcut.

    Source: He et al., "Deep Residual Learning for Image Recognition", 2015; fb.resnet.torch, models/resnet.lua.
    """
    if shortcutType not in SHORTCUTS:
        raise Error(f'expected a shortcut of {", ".join(SHORTCUTS)}, got {shortcutType!r}', where='models.resnet')
    branch = branch_for(depth, dataset)

    def block(nInputPlane, n, stride):
        s, nOutputPlane = branch(nInputPlane, n, stride, dropout)
        return residual(s, shortcut(nInputPlane, nOutputPlane, stride, shortcutType)), nOutputPlane

    return network(depth, dataset, block, classes, widths)


def branch_for(depth, dataset):
    """Return which branch the blocks of a network have: He's deep networks for ImageNet have bottlenecks."""
    return bottleneck if dataset == 'imagenet' and depth >= BOTTLENECK_FROM else basic


def basic(nInputPlane, n, stride, dropout=0):
    """Return (branch, its output planes): two 3x3 convolutions."""
    s = nn.Sequential()
    s.add(nn.SpatialConvolution(nInputPlane, n, 3, 3, stride, stride, 1, 1))
    s.add(nn.SpatialBatchNormalization(n))
    s.add(nn.ReLU(True))
    if dropout:
        s.add(nn.Dropout(dropout))
    s.add(nn.SpatialConvolution(n, n, 3, 3, 1, 1, 1, 1))
    s.add(nn.SpatialBatchNormalization(n))
    return s, n


def bottleneck(nInputPlane, n, stride, dropout=0):
    """Return (branch, its output planes): 1x1 to n planes, 3x3, and 1x1 to 4 n planes."""
    s = nn.Sequential()
    s.add(nn.SpatialConvolution(nInputPlane, n, 1, 1))
    s.add(nn.SpatialBatchNormalization(n))
    s.add(nn.ReLU(True))
    s.add(nn.SpatialConvolution(n, n, 3, 3, stride, stride, 1, 1))
    s.add(nn.SpatialBatchNormalization(n))
    s.add(nn.ReLU(True))
    if dropout:
        s.add(nn.Dropout(dropout))
    s.add(nn.SpatialConvolution(n, 4 * n, 1, 1))
    s.add(nn.SpatialBatchNormalization(4 * n))
    return s, 4 * n


def residual(branch, shortcut):
    """Return relu(branch(x) + shortcut(x)): the fork, the two paths, and the sum."""
    return nn.Sequential().add(nn.ConcatTable().add(branch).add(shortcut)).add(nn.CAddTable()).add(nn.ReLU(True))


def shortcut(nInputPlane, nOutputPlane, stride, shortcutType='A'):
    """Return the path around a block: the identity, or what stands in for it where the size changes."""
    if shortcutType == 'C' or (shortcutType == 'B' and nInputPlane != nOutputPlane):
        convolution = nn.SpatialConvolution(nInputPlane, nOutputPlane, 1, 1, stride, stride)
        return nn.Sequential().add(convolution).add(nn.SpatialBatchNormalization(nOutputPlane))
    if nOutputPlane < nInputPlane:
        raise Error(
            f'expected widths that grow, got {nOutputPlane} planes after {nInputPlane}',
            where='models.resnet',
            hint='shortcuts of type B and C can take planes away',
        )
    s = nn.Sequential()
    if stride != 1:
        subsamples = shortcutType == 'A-subsample'
        mean = nn.SpatialAveragePooling(stride, stride, stride, stride).ceil()  # ceil: an odd side is rounded up
        s.add(nn.SpatialAveragePooling(1, 1, stride, stride) if subsamples else mean)
    if nInputPlane != nOutputPlane:
        s.add(nn.Padding(1, nOutputPlane - nInputPlane, 3))
    return s if len(s) else nn.Identity()
