"""The gradient on its way down: its norm at every block of a ResNet and of its plain twin, before any training.

    python examples/gradient_by_depth.py        (3 seconds)

It prints

    ResNet      first block   0.533   last block  0.020   ratio   26.0
    plain twin  first block  86.649   last block  0.016   ratio 5364.9

and leaves gradient_by_depth.png. The gradient comes from the last block to the first, and grows on its way. In the
ResNet it does so gently, since every shortcut adds the gradient as it came. In the plain twin each block multiplies it
anew, and over 27 blocks that multiplies up.
"""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import nnlite
from nnlite import models, nn


def gradient_norms(net, images, labels):
    """Return the norm of the gradient at the input of each block, from the first block to the last."""
    criterion = nn.CrossEntropyCriterion().double()
    output = net.forward(images)
    criterion.forward(output, labels)
    net.backward(images, criterion.backward(output, labels))
    stages = [module for module in net if isinstance(module, nn.Sequential)]
    return [float(np.linalg.norm(block.gradInput)) for stage in stages for block in stage]


def main(depth=56, batch=16, picture='gradient_by_depth.png'):
    figure = Figure(figsize=(7, 4), layout='constrained')
    axes = figure.add_subplot(xlabel='block, from the input to the output', ylabel='norm of the gradient at its input')
    norms = {}
    for name, make, style in [('ResNet', models.resnet, 'o-'), ('plain twin', models.convnet, 's--')]:
        nnlite.manualSeed(1)
        net = make(depth, 'cifar10').double()  # 16 digits: the first three are then the same on every machine
        images, labels = nnlite.randn(batch, 3, 32, 32).astype(np.float64), nnlite.randperm(batch) % 10 + 1
        norms[name] = gradient_norms(net, images, labels)
        axes.semilogy(range(1, len(norms[name]) + 1), norms[name], style, markersize=4, label=f'{name}, {depth} layers')
        first, last = norms[name][0], norms[name][-1]
        print(f'{name:10}  first block {first:7.3f}   last block {last:6.3f}   ratio {first / last:6.1f}')
    axes.legend()
    FigureCanvasAgg(figure).print_png(picture)
    return norms


if __name__ == '__main__':
    main()
