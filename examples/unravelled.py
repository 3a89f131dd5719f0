"""The residual network unravelled: how much gradient comes back through paths of each length.

    python examples/unravelled.py        (3 seconds)

It prints

    27 blocks; most paths are of length 13, the largest gradient of length 10
    all lengths together and the network: 3e-06 apart

A network of 27 residual blocks is the sum of 2^27 paths: each block is gone through or past. Most paths go through half
of the blocks, most of the gradient comes along shorter ones. Leaves unravelled.png, shares of both by length.
"""

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import nnlite
from nnlite import models, nn, trace


def main(depth=56, batch=4, picture='unravelled.png', widths=None):
    nnlite.manualSeed(1)
    net = models.resnet(depth, 'cifar10', widths=widths)
    images, labels = nnlite.randn(batch, 3, 32, 32), nnlite.randperm(batch) % 10 + 1
    criterion = nn.CrossEntropyCriterion()
    gradients = trace.path_lengths(net, criterion, images, labels)
    whole = trace.record(net, criterion, images, labels, arrays=True).arrays['gradInput', 0]

    blocks = len(gradients) - 1
    paths = np.array([math.comb(blocks, length) for length in range(blocks + 1)]) / 2**blocks
    norms = np.array([np.linalg.norm(gradient) for gradient in gradients])
    longest = int(norms.argmax())
    error = np.abs(gradients.sum(0) - whole).max() / np.abs(whole).max()
    print(f'{blocks} blocks; most paths are of length {paths.argmax()}, the largest gradient of length {longest}')
    print(f'all lengths together and the network: {error:.0e} apart')

    figure = Figure(figsize=(7, 4), layout='constrained')
    axes = figure.add_subplot(xlabel='residual branches that a path goes through', ylabel='share', ylim=(0, 0.2))
    axes.bar(range(blocks + 1), norms / norms.sum(), label='of the gradient: norm of what comes through these paths')
    axes.plot(range(blocks + 1), paths, 'k.-', label='of the paths')
    axes.legend()
    FigureCanvasAgg(figure).print_png(picture)
    return norms, error


if __name__ == '__main__':
    main()
