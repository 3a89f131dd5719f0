"""Deeper and deeper: a ResNet and its plain twin of more and more layers, on drawn shapes.

    python examples/deep_sweep.py        (a minute on two cores)

It prints

    ResNet       8 layers   training  61.7 %   val  66.8 %
    ...
    plain twin  26 layers   training  25.9 %   val  19.6 %

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


def main(path=None, depths=(8, 14, 26), epochs=8, widths=(8, 16, 32), picture='deep_sweep.png'):
    if path is None:
        path = os.path.join(tempfile.gettempdir(), 'nnlite-shapes-sweep.h5')
        data_prep.shapes.prepare(path, size=16, train=3000, val=500, seed=1, quiet=True)
    figure = Figure(figsize=(6, 4), layout='constrained')
    axes = figure.add_subplot(xlabel='layers', ylabel='training top-1 (%)', ylim=(0, 100))
    results = {}
    for name, (make, style) in TWINS.items():
        for depth in depths:
            row = results[name, depth] = run(make, depth, path, epochs, widths)
            print(f'{name:10} {depth:3} layers   training {row["train_top1"]:5.1f} %   val {row["val_top1"]:5.1f} %')
        axes.plot(depths, [results[name, depth]['train_top1'] for depth in depths], style, label=name)
    axes.legend()
    FigureCanvasAgg(figure).print_png(picture)
    return results


if __name__ == '__main__':
    main()
