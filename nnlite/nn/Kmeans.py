"""K-means clustering, a batch at a time."""

import math

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.nn.arguments import number, sizes
from nnlite.nn.indices import add_rows
from nnlite.nn.Module import Module
from nnlite.nn.weight_norm import squares_of_rows
from nnlite.tensor.random import fill_random, fill_uniform, random


class Kmeans(Module):
    """y[n] = the number, from 1, of the centre that is nearest to x[n]; `loss` is the sum of the squared distances.

    The gradient of a centre is the mean of centre - x over the samples it is nearest to, so that a step of gradient
    descent moves it towards them. Backward takes no notice of gradOutput, and the gradient for the input is zero.

    Args:
        k: the number of centres.
        dim: the size of a sample.
        scale: by what the centres' gradients are multiplied, whatever backward is told; None: by backward's scale.

    Shapes: input (N, dim); output (N); weight, the centres, (k, dim), drawn uniformly from -1 to 1.

    Raises:
        Error: no centres, no size, or a scale that is not above 0.
        ShapeError: the input's last size is not dim.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net = nn.Kmeans(2, 1)
    >>> net.weight[:] = [[0], [10]]
    >>> net.forward(np.float32([[1], [9], [12]]))
    array([1., 2., 2.], dtype=float32)
    >>> net.loss
    6.0

    Source: torch/nn, Kmeans.lua.
    """

    foreign = (
        '_expandedSamples', '_clusterDistances', '_temp', '_tempExpanded', '_tempWeight', '_tempWeightExp',
        '_expandedWeight', '_minScore', '_minIndx', '_cscAdder', '_gradWeight', '_gradWeight2', '_ccounts',
    )  # fmt: skip
    scale = p = None

    def __init__(self, k, dim, scale=None):
        super().__init__()
        self.k, self.dim = sizes(self, k=k, dim=dim)
        self.scale = None if scale is None else number(self, 'scale', scale)
        if scale is not None and not scale > 0:
            raise Error(f'expected scale above 0, got {scale}', where='Kmeans')
        self.weight = np.empty((k, dim), self.dtype)
        self.gradWeight = np.zeros_like(self.weight)
        self.loss = 0
        self.clusterSampleCount = np.zeros(k, self.dtype)
        self.reset()

    def reset(self, stdev=None):
        limit = 1 if stdev is None else stdev
        fill_uniform(self.weight, -limit, limit)
        return self

    def initRandom(self, input):
        """Begin with samples chosen at random, of which one may come twice."""
        self.expect(input, ('N', self.dim))
        if len(input) < self.k:
            raise ShapeError(f'expected at least {self.k} samples, got {len(input)}', where=self._name())
        np.copyto(self.weight, input[fill_random(self.xp.empty(self.k, np.int64), 1, len(input)) - 1])

    def initKmeansPlus(self, input, p=None):
        """Begin with samples far from each other (k-means++).

        Args:
            input: the samples, (N, dim).
            p: after the first, each is one of the (1 - p) N that are farthest from those before; 0.95 by default.
        """
        self.expect(input, ('N', self.dim))
        self.p = next(value for value in (p, self.p, 0.95) if value is not None)
        if not 0 <= self.p <= 1:
            raise Error(f'expected p from 0 to 1, got {self.p}', where=self._name())
        farthest = max(1, math.ceil((1 - self.p) * len(input)))
        distances = self.xp.full(len(input), np.inf, self.dtype)
        self.weight[0] = input[random(len(input)) - 1]
        for centre in range(1, self.k):
            np.minimum(distances, np.square(input - self.weight[centre - 1]).sum(axis=1), out=distances)
            self.weight[centre] = input[np.argsort(-distances, kind='stable')[random(farthest) - 1]]

    def updateOutput(self, input):
        self.expect(input, ('N', self.dim))
        distances = self.buffer('distances', (self.k, len(input)), like=input)
        for centre, row in zip(self.weight, distances, strict=True):
            away = np.subtract(input, centre, out=self.buffer('away', input.shape, like=input))
            squares_of_rows(away, out=row)
        self.loss = float(distances.min(axis=0).sum(dtype=np.float64))
        self.output = self.buffer('output', input.shape[:1], like=input)
        np.add(distances.argmin(axis=0), 1, out=self.output, casting='unsafe')
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self.gradInput.fill(0)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        self.expect(input, (len(self.output), self.dim))  # gradOutput does not count
        nearest = self.output.astype(np.int64) - 1
        np.copyto(self.clusterSampleCount, np.bincount(nearest, minlength=self.k))
        away = self.buffer('away', input.shape, like=input)
        np.subtract(self.weight[nearest], input, out=away)
        total = self.buffer('total', self.weight.shape, like=input)
        total.fill(0)
        add_rows(self, total, nearest, away)
        shares = (scale if self.scale is None else self.scale) / (self.clusterSampleCount + 1e-7)
        np.multiply(total, shares[:, None], out=total)
        np.add(self.gradWeight, total, out=self.gradWeight)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self.sharedAccUpdateGradParameters(input, gradOutput, lr)  # the gradient has a scale of its own
