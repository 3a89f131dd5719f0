"""The time to train: a short run of the Trainer, as a user would start it."""

from collections.abc import Callable
from typing import Any

import nnlite
from nnlite import nn
from nnlite.data_prep import Loader
from nnlite.training.network import network, topology_of
from nnlite.training.trainer import Trainer

BATCH = 128
DEPTHS = {'cifar10': 20, 'tiny-imagenet': 18}
RATE, DECAY = 0.2, 5e-4  # of learning at its height, and of weights
RISE = 0.2  # the share of the epochs in which the rate rises


def rise_and_fall(epoch: int, epochs: int, learningRate: float) -> float:
    """Return a rate that rises in the first fifth of the epochs, and then falls to nearly nothing.

    >>> [round(rise_and_fall(epoch, 10, 1), 2) for epoch in range(1, 11)]
    [0.5, 1.0, 0.94, 0.81, 0.69, 0.56, 0.44, 0.31, 0.19, 0.06]
    """
    top = max(1, round(RISE * epochs))
    if epoch <= top:
        return learningRate * (epoch / top)
    return learningRate * (epochs - epoch + 0.5) / (epochs - top)


def train(path: str, epochs: int, device: str, after_epoch: Callable[[list[dict[str, Any]]], None]) -> None:
    """Train a ResNet of 20 layers on images of up to 32 pixels, of 18 on larger ones.

    Args:
        path: the data set, as `nnlite prep` writes it.
        epochs: how many.
        device: where.
        after_epoch: called with the rows until now, at the end of each epoch.
    """
    nnlite.manualSeed(1)
    images = Loader(path, 'train', BATCH, device=device)
    dataset = topology_of(images.shape)
    Trainer(
        network('resnet', DEPTHS[dataset], dataset, len(images.classes)),
        nn.CrossEntropyCriterion(),
        images,
        Loader(path, 'val', 1000, device=device),
        learningRate=RATE,
        weightDecay=DECAY,
        schedule=rise_and_fall,
        after_epoch=after_epoch,
        quiet=True,
        device=device,
    ).run(epochs)
