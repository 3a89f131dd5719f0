"""The residual network unravelled: how much gradient comes back through paths of each length, before any training.

    python examples/unravelled.py        (4 seconds)

It prints how many residual branches a path goes through, in the mean over the paths and over the gradient they bring:

    20 layers,  9 blocks:  the paths  4.5   the gradient  5.8
    56 layers, 27 blocks:  the paths 13.5   the gradient 10.3
    all paths together and the gradient at the input: the same but for rounding

A network of 27 residual blocks is the sum of 2^27 paths: each block is gone through or past. Most paths go through half
of the blocks. At 56 layers most of the gradient comes along shorter ones; at 20 it is the other way round. Leaves
unravelled.png, the shares of both by length.
"""

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import nnlite
from nnlite import models, nn, trace


def by_length(depth, batch=4, widths=None):
    """Return the norm of the gradient through the paths of each length, and how far their sum is from the network's."""
    nnlite.manualSeed(1)
    net, criterion = models.resnet(depth, 'cifar10', widths=widths).double(), nn.CrossEntropyCriterion().double()
    images, labels = nnlite.randn(batch, 3, 32, 32).astype(np.float64), nnlite.randperm(batch) % 10 + 1
    gradients = trace.path_lengths(net, criterion, images, labels)
    whole = trace.record(net, criterion, images, labels, arrays=True).arrays['gradInput', 0]
    return np.array([np.linalg.norm(gradient) for gradient in gradients]), np.abs(gradients.sum(0) - whole).max()


def main(depths=(20, 56), picture='unravelled.png'):
    figure, errors = Figure(figsize=(10, 4), layout='constrained'), []
    for axes, depth in zip(figure.subplots(1, len(depths), squeeze=False)[0], depths, strict=True):
        norms, error = by_length(depth)
        errors.append(error)
        blocks = len(norms) - 1
        lengths, shares = np.arange(blocks + 1), norms / norms.sum()
        paths = np.array([math.comb(blocks, length) for length in lengths]) / 2**blocks
        means = f'the paths {paths @ lengths:4.1f}   the gradient {shares @ lengths:4.1f}'
        print(f'{depth} layers, {blocks:2} blocks:  {means}')
        axes.set(title=f'{depth} layers', xlabel='residual branches that a path goes through', ylabel='share')
        axes.bar(lengths, shares, label='of the gradient: norm of what comes through these paths')
        axes.plot(lengths, paths, 'k.-', label='of the paths')
    figure.legend(*axes.get_legend_handles_labels(), loc='outside upper center', ncols=2)
    FigureCanvasAgg(figure).print_png(picture)
    verdict = 'the same but for rounding' if max(errors) < 1e-12 else f'{max(errors):.0e} apart'
    print(f'all paths together and the gradient at the input: {verdict}')
    return errors


if __name__ == '__main__':
    main()
