"""Networks learn as well by Winograd's algorithm, which rounds more, as by direct convolution."""

import numpy as np
import pytest

import nnlite
from nnlite import models, nn
from nnlite.data_prep import Loader, image_folder
from nnlite.training import Trainer

SEEDS, EPOCHS, IMAGES = (1, 2, 3), 5, 10_000


def trained(path, seed, precise):
    """Train a ResNet-8; return what its last epoch came to."""
    nnlite.setprecise(precise)
    nnlite.manualSeed(seed)
    train, val = Loader(path, 'train', seed=seed, limit=IMAGES), Loader(path, 'val')
    trainer = Trainer(models.resnet(8, 'cifar10'), nn.CrossEntropyCriterion(), train, val, quiet=True)
    return trainer.run(EPOCHS)[-1]


@pytest.mark.slow
@pytest.mark.parametrize('kernels', ['numba'], indirect=True)
def test_accuracies_by_winograd_and_directly_are_not_to_be_told_apart(kernels, data, tmp_path, capsys):
    image_folder.prepare(data / 'cifar10-images.tar.xz', tmp_path / 'cifar.h5', quiet=True)
    accuracies, losses = [], []
    for name, precise in (('Winograd', False), ('direct', True)):
        rows = [trained(tmp_path / 'cifar.h5', seed, precise) for seed in SEEDS]
        accuracies.append(np.array([row['val_top1'] for row in rows]))
        losses.append([row['train_loss'] for row in rows])
        each = '  '.join(f'{accuracy:.2f}' for accuracy in accuracies[-1])
        mean, deviation = accuracies[-1].mean(), accuracies[-1].std(ddof=1)
        with capsys.disabled():
            print(f'\n{name:8}  {each}  mean {mean:.2f} %, standard deviation {deviation:.2f}', end='')
    winograd, direct = accuracies
    error = np.sqrt((winograd.var(ddof=1) + direct.var(ddof=1)) / len(SEEDS))
    difference = abs(winograd.mean() - direct.mean())
    # Three runs may happen to lie so close together that their standard error says little: a point is always allowed.
    # Three is never, however far apart they lie.
    assert difference < min(max(2 * error, 1), 3)
    assert min(winograd.min(), direct.min()) > 45
    assert all(one != other for one, other in zip(*losses, strict=True)), 'both were computed in the same way'
