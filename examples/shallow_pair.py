"""The paper's shallow pair on CIFAR-10: with 7 and 9 layers a ResNet is hardly better than its plain twin.

    nnlite prep cifar10 --out cifar10.h5
    python examples/shallow_pair.py cifar10.h5        (ten minutes on two cores; --limit 2000 makes it short)

It prints a line for each network, as

    layers  network  training top-1  validation top-1
         7  resnet           68.4 %            69.2 %
         7  convnet          68.2 %            68.7 %
         9  resnet           69.1 %            70.1 %
         9  convnet          68.1 %            69.0 %

but machines round differently: half a point either way says nothing. So shallow a network loses little without its
shortcuts. The paper found the ResNet of 7 layers worse than its twin and the one of 9 layers about equal. The same
comparison with pictures, tables and several seeds is one command: nnlite study cifar-shallow --data cifar10.h5
"""

import argparse
import sys

import nnlite
from nnlite import data_prep, models, nn, training


def train(make, depth, path, epochs, limit, widths=None):
    """Return the last epoch's figures of a network trained on the data set at `path`."""
    nnlite.manualSeed(1)  # the twins begin with the same parameters and see the same batches
    loader = data_prep.Loader(path, 'train', batchSize=128, seed=1, augment='standard', limit=limit)
    val = data_prep.Loader(path, 'val', batchSize=128, limit=limit)
    net = make(depth, 'cifar10', classes=len(loader.classes), widths=widths)
    return training.Trainer(net, nn.CrossEntropyCriterion(), train=loader, val=val, quiet=True).run(epochs=epochs)[-1]


def main(path, epochs=4, limit=None, depths=(7, 9), widths=None):
    print('layers  network  training top-1  validation top-1')
    results = {}
    for depth in depths:
        for name, make in (('resnet', models.resnet), ('convnet', models.convnet)):
            row = results[depth, name] = train(make, depth, path, epochs, limit, widths)
            print(f'{depth:6}  {name:7}  {row["train_top1"]:12.1f} %  {row["val_top1"]:14.1f} %')
    return results


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('path', metavar='cifar10.h5')
    parser.add_argument('--limit', type=int, help='so many images alone')
    try:
        main(**vars(parser.parse_args()))
    except (nnlite.Error, OSError) as error:
        sys.exit(str(error))
