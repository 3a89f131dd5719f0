import pytest

import nnlite
from nnlite import models, nn
from nnlite.data_prep import Loader, image_folder
from nnlite.training import Trainer


@pytest.mark.slow
def test_a_resnet_overfits_real_images(data, tmp_path):
    image_folder.prepare(str(data / 'cifar10-images.tar.xz'), str(tmp_path / 'cifar.h5'), quiet=True)
    nnlite.manualSeed(1)
    train = Loader(tmp_path / 'cifar.h5', 'train', 64, augment=None, limit=2000)
    trainer = Trainer(models.resnet(8, 'cifar10'), nn.CrossEntropyCriterion(), train, weightDecay=0, quiet=True)
    assert trainer.run(epochs=30)[-1]['train_top1'] > 95
