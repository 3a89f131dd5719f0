"""Fine-tuning three ways: ImageNet's ResNet-18 on pictures of 64 x 64 pixels, as the paper does it.

    nnlite prep tiny-imagenet tiny-imagenet-200.zip --out tiny.h5
    python examples/three_ways.py tiny.h5 resnet-18.t7        (8 hours on two cores; with --limit 1000 ten minutes)

The pictures are made four times as large; or the first layer, which would make them smaller, is left out; or only the
classifier is new. Each begins with the parameters of the file, where it has the same layer, or with drawn ones where
no file is given. The same with pictures and tables is one command: nnlite study three-ways --data tiny.h5
"""

import argparse
import sys

import nnlite
from nnlite import data_prep, nn, training
from nnlite.models.three_ways import THREE_WAYS
from nnlite.training.network import load_network


def main(path, pretrained=None, epochs=3, limit=None, ways=('upsampled', 'skip-first', 'finetune'), scale=4):
    base = None if pretrained is None else load_network(pretrained)[0]  # a file without one is an error
    results = {}
    for way in ways:
        nnlite.manualSeed(1)
        train = data_prep.Loader(path, 'train', batchSize=64, seed=1, augment='standard', limit=limit)
        val = data_prep.Loader(path, 'val', batchSize=64, limit=limit)
        options = dict(scale=scale) if way == 'upsampled' else {}
        net = THREE_WAYS[way](classes=len(train.classes), pretrained=base, **options)
        trainer = training.Trainer(net, nn.CrossEntropyCriterion(), train, val, learningRate=0.01, quiet=True)
        row = results[way] = trainer.run(epochs)[-1]
        print(f'{way:12} training {row["train_top1"]:5.1f} %   validation {row["val_top1"]:5.1f} %')
    return results


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('path', metavar='tiny.h5')
    parser.add_argument('pretrained', nargs='?', metavar='resnet-18.t7')
    parser.add_argument('--limit', type=int, help='so many images alone')
    try:
        main(**vars(parser.parse_args()))
    except (nnlite.Error, OSError) as error:
        sys.exit(str(error))
