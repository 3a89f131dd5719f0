"""Overfitting and its remedies: a ResNet-8 on 300 drawn shapes, as it is, with dropout, weight decay, augmentation.

    python examples/overfitting.py        (a minute)

It prints training and validation accuracy of each; the gap between the two is the overfitting:

    remedy                training   validation      gap
    nothing                100.0 %       29.2 %    70.8 %
    dropout 0.3             67.3 %       36.8 %    30.5 %
    weight decay 0.005     100.0 %       31.4 %    68.6 %
    augmentation            64.0 %       50.2 %    13.8 %
    all three               40.7 %       31.0 %     9.7 %

On so few images the network learns them by heart, unless it never sees the same one twice: cut out elsewhere, mirrored.
All three are too much of a good thing: so held back, it has learnt little after 40 epochs.
"""

import os
import tempfile

import nnlite
from nnlite import data_prep, models, nn, training

REMEDIES = {
    'nothing': dict(),
    'dropout 0.3': dict(dropout=0.3),
    'weight decay 0.005': dict(weightDecay=0.005),
    'augmentation': dict(augment='standard'),
    'all three': dict(dropout=0.3, weightDecay=0.005, augment='standard'),
}


def run(path, epochs, limit, widths, dropout=0, weightDecay=0, augment=None):
    """Return the last epoch's figures."""
    nnlite.manualSeed(1)
    train = data_prep.Loader(path, 'train', batchSize=32, seed=1, augment=augment, limit=limit)
    val = data_prep.Loader(path, 'val', batchSize=128)
    net = models.resnet(8, 'cifar10', dropout=dropout, classes=len(train.classes), widths=widths)
    net.double()  # float is faster, but rounds differently on each machine
    options = dict(learningRate=0.05, weightDecay=weightDecay, quiet=True)
    return training.Trainer(net, nn.CrossEntropyCriterion(), train, val, **options).run(epochs)[-1]


def main(path, epochs=40, limit=300, widths=(8, 16, 32), remedies=tuple(REMEDIES)):
    print('remedy                training   validation      gap')
    results = {}
    for name in remedies:
        row = results[name] = run(path, epochs, limit, widths, **REMEDIES[name])
        gap = row['train_top1'] - row['val_top1']
        print(f'{name:20} {row["train_top1"]:7.1f} %  {row["val_top1"]:9.1f} %  {gap:6.1f} %')
    return results


if __name__ == '__main__':
    nnlite.setnumthreads(1)  # so small a network gains nothing from more
    with tempfile.TemporaryDirectory() as folder:
        shapes = os.path.join(folder, 'shapes.h5')
        data_prep.shapes.prepare(shapes, size=16, train=2000, val=500, seed=1, quiet=True)
        main(shapes)
