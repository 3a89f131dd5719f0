"""What the networks for one kind of pictures have in common: stem, stages, blocks for a depth, and how they begin.

A network is a Sequential: the stem, one Sequential for each stage, and the head. The first stage keeps the size of the
map, each later one halves it; within a stage every block has the same number of planes.
"""

import math

from nnlite import nn
from nnlite.errors import Error
from nnlite.tensor.random import fill_normal

# classes of the data set, planes of each stage
CLASSES = {'cifar10': 10, 'tiny-imagenet': 200, 'imagenet': 1000}
WIDTHS = {'cifar10': (16, 32, 64), 'tiny-imagenet': (64, 128, 256, 512), 'imagenet': (64, 128, 256, 512)}

# He et al., "Deep Residual Learning for Image Recognition", table 1: blocks in each stage
IMAGENET_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
BOTTLENECK_FROM = 50  # ImageNet's networks of this depth and more have bottleneck blocks


def blocks_of(depth, dataset):
    """Return the number of blocks in each stage of a network of this depth.

    A block has two convolutions, and the stem is one more: depth d has (d - 1) // 2 blocks, so that an odd d counts the
    convolutions and an even d the classifier too. They are spread over the stages as evenly as can be, early ones
    first.

    >>> blocks_of(20, 'cifar10'), blocks_of(9, 'cifar10'), blocks_of(12, 'tiny-imagenet')
    ((3, 3, 3), (2, 1, 1), (2, 1, 1, 1))

    Raises:
        Error: there is no such data set, or no network of this depth.
    """
    if dataset not in WIDTHS:
        raise Error(f'expected a data set of {", ".join(WIDTHS)}, got {dataset!r}', where='models')
    if dataset == 'imagenet':
        if depth not in IMAGENET_BLOCKS:
            depths = ', '.join(map(str, IMAGENET_BLOCKS))
            raise Error(f'expected a depth of {depths} for imagenet, got {depth}', where='models')
        return IMAGENET_BLOCKS[depth]
    stages = len(WIDTHS[dataset])
    least = 2 * stages + 1
    if not isinstance(depth, int) or depth < least:
        raise Error(f'expected a depth of {least} or more for {dataset}, got {depth}', where='models')
    blocks = (depth - 1) // 2
    return tuple(blocks // stages + (stage < blocks % stages) for stage in range(stages))


def widths_of(dataset, widths=None):
    """Return the planes of each stage: the data set's own, or those given instead.

    Raises:
        Error: as many widths are due as there are stages, each of 1 or more.
    """
    usual = WIDTHS[dataset]
    if widths is not None and len(widths) != len(usual):
        raise Error(f'expected {len(usual)} widths for {dataset}, got {widths}', where='models')
    if widths is not None and min(widths) < 1:
        raise Error(f'expected {len(usual)} widths of 1 or more for {dataset}, got {widths}', where='models')
    return tuple(widths or usual)


def network(depth, dataset, block, classes=None, widths=None):
    """Return stem, stages of blocks, and head as one nn.Sequential, its parameters drawn.

    Args:
        depth, dataset, classes, widths: as in nnlite.models.resnet.
        block: called with (input planes, the stage's planes, stride), returns (module, output planes).
    """
    blocks, widths = blocks_of(depth, dataset), widths_of(dataset, widths)
    model = nn.Sequential()
    for module in stem(dataset, widths[0]):
        model.add(module)
    planes = widths[0]
    for stage, (count, width) in enumerate(zip(blocks, widths, strict=True)):
        layer = nn.Sequential()
        for number in range(count):
            module, planes = block(planes, width, 2 if stage > 0 and number == 0 else 1)
            layer.add(module)
        model.add(layer)
    for module in head(planes, classes or CLASSES[dataset]):
        model.add(module)
    return initialise(model)


def stem(dataset, planes):
    """Return the modules before the first stage: a 3x3 convolution, or for large pictures a 7x7 one and pooling."""
    if dataset == 'imagenet':
        convolution = nn.SpatialConvolution(3, planes, 7, 7, 2, 2, 3, 3)
        pooling = [nn.SpatialMaxPooling(3, 3, 2, 2, 1, 1)]
    else:
        convolution, pooling = nn.SpatialConvolution(3, planes, 3, 3, 1, 1, 1, 1), []
    return [convolution, nn.SpatialBatchNormalization(planes), nn.ReLU(True), *pooling]


def head(planes, classes):
    """Return the modules after the last stage: the mean of each plane, and a linear classifier."""
    return [
        nn.SpatialAdaptiveAveragePooling(1, 1),
        nn.View(planes).setNumInputDims(3),
        nn.Linear(planes, classes),
    ]


def initialise(model):
    """Draw the parameters anew as fb.resnet.torch does; return the model.

    Convolutions have no bias (a batch norm follows each of them) and weights from N(0, sqrt(2 / (kW kH nOutputPlane)));
    batch norms begin as weight 1, bias 0; the classifier's bias as 0.

    Source: fb.resnet.torch, models/resnet.lua; He et al., "Delving Deep into Rectifiers", 2015.
    """
    for convolution in model.findModules('nn.SpatialConvolution')[0]:
        fan_out = convolution.kW * convolution.kH * convolution.nOutputPlane
        fill_normal(convolution.noBias().weight, 0, math.sqrt(2 / fan_out))
    for norm in model.findModules('nn.SpatialBatchNormalization')[0]:
        norm.weight.fill(1)
        norm.bias.fill(0)
    for linear in model.findModules('nn.Linear')[0]:
        linear.bias.fill(0)
    return model
