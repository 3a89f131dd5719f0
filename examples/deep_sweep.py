"""Deeper and deeper: a ResNet and its plain twin of more and more layers, on drawn shapes.

    python examples/deep_sweep.py        (a minute; two and a half without numba)

It prints a line for each network, as

    ResNet      26 layers   training  61 %   val  63 %
    plain twin  26 layers   training  22 %   val  23 %

but machines round differently, and with each step of such deep networks that grows. The ResNets learnt from 59 to 72 %
of the training images, at each depth; their twins 58 to 62 % with 8 layers, 47 to 58 % with 14, 12 to 26 % with 26.
With depth the plain network learns less, even of the images it is trained on: it is not overfitting that stops it. The
ResNet does not mind. Leaves deep_sweep.png. With real images, tables and seeds: nnlite study tiny-depth --data tiny.h5
"""

import os
import tempfile

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import nnlite
from nnlite import data_prep, models, nn, training

TWINS = {'ResNet': (models.resnet, 'o-'), 'plain twin': (models.convnet, 's--')}


def run(make, depth, path, epochs, widths):
    """Return the last epoch's figures."""
    nnlite.manualSeed(1)
    train, val = (data_prep.Loader(path, split, batchSize=64, seed=1) for split in ('train', 'val'))
    net = make(depth, 'cifar10', classes=len(train.classes), widths=widths)
    return training.Trainer(net, nn.CrossEntropyCriterion(), train, val, quiet=True).run(epochs)[-1]


def main(path, depths=(8, 14, 26), epochs=8, widths=(8, 16, 32), picture='deep_sweep.png'):
    figure = Figure(figsize=(6, 4), layout='constrained')
    axes = figure.add_subplot(xlabel='layers', ylabel='training top-1 (%)', ylim=(0, 100))
    results = {}
    for name, (make, style) in TWINS.items():
        for depth in depths:
            row = results[name, depth] = run(make, depth, path, epochs, widths)
            print(f'{name:10} {depth:3} layers   training {row["train_top1"]:3.0f} %   val {row["val_top1"]:3.0f} %')
        axes.plot(depths, [results[name, depth]['train_top1'] for depth in depths], style, label=name)
    axes.legend()
    FigureCanvasAgg(figure).print_png(picture)
    return results


if __name__ == '__main__':
    nnlite.setnumthreads(1)  # so small a network gains nothing from more
    with tempfile.TemporaryDirectory() as folder:
        shapes = os.path.join(folder, 'shapes.h5')
        data_prep.shapes.prepare(shapes, size=16, train=3000, val=500, seed=1, quiet=True)
        main(shapes)
