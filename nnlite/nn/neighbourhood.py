"""What the contrast normalizations have in common: the weighted mean around each pixel, made by a small network."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn import tables
from nnlite.nn.arguments import whole
from nnlite.nn.labels import numbers
from nnlite.nn.Module import Module
from nnlite.nn.Replicate import Replicate
from nnlite.nn.Sequential import Sequential
from nnlite.nn.SpatialConvolution import SpatialConvolution
from nnlite.nn.SpatialConvolutionMap import SpatialConvolutionMap
from nnlite.nn.SpatialZeroPadding import SpatialZeroPadding


def estimate(estimator):
    """Return what an estimator gave, in the shape of its input: nn.Replicate puts a dimension behind the planes."""
    return estimator.output[..., 0, :, :]


def estimator_grad(estimator, input, grad):
    """Return the gradient with respect to an estimator's input, given the one with respect to its estimate."""
    return estimator.updateGradInput(input, np.expand_dims(grad, -3))


class Neighbourhood(Module):
    """The base of nn.SpatialSubtractiveNormalization, nn.SpatialDivisiveNormalization and both in one.

    Args:
        nInputPlane: the planes of the input, 1 by default.
        kernel: the weights of the pixels around: (kH, kW), or (k) for the same across and down; odd sizes. 9 x 9 ones
            by default.
    """

    cleared = (*Module.cleared, 'coef')
    foreign = ('ones', '_coef', '_inpsz', 'localsums', 'adjustedsums', 'localstds', 'adjustedstds', 'thresholdedstds')

    def __init__(self, nInputPlane=None, kernel=None):
        super().__init__()
        self.nInputPlane = 1 if nInputPlane is None else whole(self, 'nInputPlane', nInputPlane, 1)
        self.kernel = numbers(self, np.ones((9, 9)) if kernel is None else kernel, 'kernel').astype(self.dtype)
        if self.kernel.ndim not in (1, 2) or any(size % 2 == 0 for size in self.kernel.shape):
            raise ShapeError(f'expected a kernel (k,) or (kH, kW) of odd sizes, got {self.kernel.shape}', self._name())
        self.coef = np.empty(0, self.dtype)

    def _estimator(self, *before):
        """Return a network that computes the mean around each pixel, over all planes, once for each plane.

        Args:
            before: modules that the map goes through first.
        """
        height, width = self.kernel.shape[0], self.kernel.shape[-1]
        net = Sequential()
        for module in (*before, SpatialZeroPadding(width // 2, width // 2, height // 2, height // 2)):
            net.add(module)
        if self.kernel.ndim == 2:
            filters = [SpatialConvolution(self.nInputPlane, 1, width, height)]
        else:
            across = SpatialConvolutionMap(tables.oneToOne(self.nInputPlane), width, 1)
            filters = [across, SpatialConvolution(self.nInputPlane, 1, 1, height)]
        for module in filters:
            module.weight[...] = self.kernel.reshape(module.weight.shape[-2:])
            module.bias.fill(0)
            net.add(module)
        return net.add(Replicate(self.nInputPlane, 1, 3))

    def _coefficients(self, input):
        """Return how much of the kernel's weight lies on the map, around each pixel, in the shape of the input."""
        if self.coef.shape != input.shape:
            ones = self.buffer('ones', input.shape[-3:], like=input)
            ones.fill(1)
            coef = self.buffer('coef', ones.shape, like=ones)
            self.meanestimator.forward(ones)
            np.copyto(coef, estimate(self.meanestimator))
            self.coef = np.broadcast_to(coef, input.shape)
        return self.coef

    def expect_maps(self, input):
        """Raise unless the input is a batch of maps, or one, of the right number of planes."""
        self.expect(input, ('N', self.nInputPlane, 'H', 'W'), single=True)

    def clearState(self):
        for part in [value for value in self.__dict__.values() if isinstance(value, Module)]:
            part.clearState()
        return super().clearState()
