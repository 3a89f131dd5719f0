"""The gradient on its way down: its norm at every block of a ResNet and of its plain twin, before any training.

    python examples/gradient_by_depth.py        (5 seconds)

Leaves gradient_by_depth.png. The ResNet's gradient grows gently from the output down to the input, since every shortcut
adds the gradient as it came. In the plain twin each block multiplies it anew, and with depth that adds up.
"""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import nnlite
from nnlite import models, nn


def gradient_norms(net, images, labels):
    """Return the norm of the gradient at the input of each block, from the first block to the last."""
    criterion = nn.CrossEntropyCriterion()
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
        net = make(depth, 'cifar10')
        images, labels = nnlite.randn(batch, 3, 32, 32), nnlite.randperm(batch) % 10 + 1
        norms[name] = gradient_norms(net, images, labels)
        axes.semilogy(range(1, len(norms[name]) + 1), norms[name], style, markersize=4, label=f'{name}, {depth} layers')
        print(f'{name:10}  first block {norms[name][0]:.2e}  last block {norms[name][-1]:.2e}')
    axes.legend()
    FigureCanvasAgg(figure).print_png(picture)
    return norms


if __name__ == '__main__':
    main()
