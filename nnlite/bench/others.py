"""Networks that are none of nnlite.models, each of layers that those have not, or in sizes that those have not."""

from collections.abc import Callable
from typing import Any

from nnlite import nn

CLASSES = 10


def perceptron() -> Any:
    """Two hidden layers with dropout, on images of 28 x 28 as vectors."""
    net = nn.Sequential().add(nn.Linear(784, 1024)).add(nn.ReLU(True)).add(nn.Dropout(0.5))
    return net.add(nn.Linear(1024, 1024)).add(nn.ReLU(True)).add(nn.Linear(1024, CLASSES))


def lenet() -> Any:
    """LeNet-5: few planes, 5x5, on grey images."""
    net = nn.Sequential().add(nn.SpatialConvolution(1, 6, 5, 5)).add(nn.Tanh()).add(nn.SpatialMaxPooling(2, 2, 2, 2))
    net.add(nn.SpatialConvolution(6, 16, 5, 5)).add(nn.Tanh()).add(nn.SpatialMaxPooling(2, 2, 2, 2))
    net.add(nn.View(16 * 5 * 5)).add(nn.Linear(16 * 5 * 5, 120)).add(nn.Tanh())
    return net.add(nn.Linear(120, 84)).add(nn.Tanh()).add(nn.Linear(84, CLASSES))


def alexnet() -> Any:
    """AlexNet's convolutions, 11x11 and 5x5 among them, and a head of many weights."""
    net = nn.Sequential().add(nn.SpatialConvolution(3, 64, 11, 11, 4, 4, 2, 2)).add(nn.ReLU(True))
    net.add(nn.SpatialMaxPooling(3, 3, 2, 2)).add(nn.SpatialConvolution(64, 192, 5, 5, 1, 1, 2, 2)).add(nn.ReLU(True))
    net.add(nn.SpatialMaxPooling(3, 3, 2, 2))
    for planes, outputs in ((192, 384), (384, 256), (256, 256)):
        net.add(nn.SpatialConvolution(planes, outputs, 3, 3, 1, 1, 1, 1)).add(nn.ReLU(True))
    net.add(nn.SpatialMaxPooling(3, 3, 2, 2)).add(nn.View(256 * 6 * 6)).add(nn.Dropout(0.5))
    return net.add(nn.Linear(256 * 6 * 6, 1024)).add(nn.ReLU(True)).add(nn.Linear(1024, CLASSES))


def vgg() -> Any:
    """VGG-11 with batch normalization, on images of 32 pixels: down to maps of 2x2."""
    net, planes = nn.Sequential(), 3
    for outputs, pools in ((64, 1), (128, 1), (256, 0), (256, 1), (512, 0), (512, 1), (512, 0), (512, 1)):
        net.add(nn.SpatialConvolution(planes, outputs, 3, 3, 1, 1, 1, 1))
        net.add(nn.SpatialBatchNormalization(outputs)).add(nn.ReLU(True))
        if pools:
            net.add(nn.SpatialMaxPooling(2, 2, 2, 2))
        planes = outputs
    return net.add(nn.View(planes)).add(nn.Linear(planes, CLASSES))


def mobilenet() -> Any:
    """A small MobileNet: each plane convolved by itself, then 1x1; bounded ReLUs."""
    net, planes = nn.Sequential(), 32

    def normalise(outputs: int) -> None:
        net.add(nn.SpatialBatchNormalization(outputs)).add(nn.ReLU6(True))

    net.add(nn.SpatialConvolution(3, planes, 3, 3, 2, 2, 1, 1))
    normalise(planes)
    for outputs, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        net.add(nn.SpatialDepthWiseConvolution(planes, 1, 3, 3, stride, stride, 1, 1))
        normalise(planes)
        net.add(nn.SpatialConvolution(planes, outputs, 1, 1))
        normalise(outputs)
        planes = outputs
    return net.add(nn.SpatialAveragePooling(8, 8, 1, 1)).add(nn.View(planes)).add(nn.Linear(planes, CLASSES))


def inception() -> Any:
    """Three blocks of branches, 1x1, 3x3, 5x5 and pooling, side by side."""
    net, planes = nn.Sequential().add(nn.SpatialConvolution(3, 32, 3, 3, 1, 1, 1, 1)).add(nn.ReLU(True)), 32
    for _ in range(3):
        block = nn.Concat(2).add(nn.SpatialConvolution(planes, 32, 1, 1))
        for between, outputs, size in ((16, 32, 3), (8, 16, 5)):
            branch = nn.Sequential().add(nn.SpatialConvolution(planes, between, 1, 1)).add(nn.ReLU(True))
            padding = size // 2
            block.add(branch.add(nn.SpatialConvolution(between, outputs, size, size, 1, 1, padding, padding)))
        pooled = nn.Sequential().add(nn.SpatialMaxPooling(3, 3, 1, 1, 1, 1))
        net.add(block.add(pooled.add(nn.SpatialConvolution(planes, 16, 1, 1)))).add(nn.ReLU(True))
        planes = 32 + 32 + 16 + 16
    return net.add(nn.SpatialAveragePooling(32, 32, 1, 1)).add(nn.View(planes)).add(nn.Linear(planes, CLASSES))


def sentences() -> Any:
    """Convolutions along sequences of 100 vectors."""
    net = nn.Sequential().add(nn.TemporalConvolution(64, 128, 5)).add(nn.ReLU(True)).add(nn.TemporalMaxPooling(2))
    net.add(nn.TemporalConvolution(128, 128, 3)).add(nn.ReLU(True))
    return net.add(nn.Max(2)).add(nn.Linear(128, CLASSES))


def video() -> Any:
    """Convolutions of volumes of 16 frames."""
    net = nn.Sequential().add(nn.VolumetricConvolution(3, 16, 3, 3, 3, 1, 1, 1, 1, 1, 1))
    net.add(nn.VolumetricBatchNormalization(16)).add(nn.ReLU(True)).add(nn.VolumetricMaxPooling(2, 2, 2, 2, 2, 2))
    net.add(nn.VolumetricConvolution(16, 32, 3, 3, 3, 1, 1, 1, 1, 1, 1)).add(nn.ReLU(True))
    net.add(nn.VolumetricMaxPooling(2, 2, 2, 2, 2, 2)).add(nn.View(32 * 4 * 8 * 8))
    return net.add(nn.Linear(32 * 4 * 8 * 8, CLASSES))


def generator() -> Any:
    """A DCGAN's generator of images of 32 pixels: full convolutions; a Linear behind it makes scores of them."""
    net, planes = nn.Sequential().add(nn.SpatialFullConvolution(64, 128, 4, 4)), 128
    for outputs in (64, 32, 3):
        net.add(nn.SpatialBatchNormalization(planes)).add(nn.ReLU(True))
        net.add(nn.SpatialFullConvolution(planes, outputs, 4, 4, 2, 2, 1, 1))
        planes = outputs
    return net.add(nn.Tanh()).add(nn.View(3 * 32 * 32)).add(nn.Linear(3 * 32 * 32, CLASSES))


# Each with its batch and the shape of one example.
BUILDERS: dict[str, tuple[Callable[[], Any], int, tuple[int, ...]]] = {
    'perceptron': (perceptron, 128, (784,)),
    'lenet': (lenet, 128, (1, 32, 32)),
    'alexnet': (alexnet, 16, (3, 224, 224)),
    'vgg': (vgg, 64, (3, 32, 32)),
    'mobilenet': (mobilenet, 64, (3, 64, 64)),
    'inception': (inception, 64, (3, 32, 32)),
    'sentences': (sentences, 64, (100, 64)),
    'video': (video, 8, (3, 16, 32, 32)),
    'generator': (generator, 64, (64, 1, 1)),
}
