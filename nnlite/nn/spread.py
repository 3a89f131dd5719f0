"""Parameters that are repeated along an input: a number for each element of a sample, or for some of its dimensions."""

import math

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.initial import bound
from nnlite.nn.transfer import Transfer
from nnlite.tensor.random import fill_uniform


class Spread(Transfer):
    """The base of nn.Add, nn.CAdd, nn.Mul and nn.CMul, which have one parameter.

    It goes along with an input of as many elements, one by one. With one of as many dimensions it is repeated along
    those where its size is 1; with any other along the first, which is a batch's.
    """

    def reset(self, stdv=None):
        (parameter,) = self.parameters()[0]
        limit = bound(stdv, parameter.size)
        fill_uniform(parameter, -limit, limit)
        return self

    def _shape_along(self, parameter, input):
        """Return the shape that the parameter has along an input: as many sizes, 1 where it is repeated."""
        if parameter.size == input.size:
            return input.shape
        if parameter.ndim == input.ndim:
            return parameter.shape
        return (1,) * input.ndim if parameter.size == 1 else (1, *input.shape[1:])

    def _along(self, parameter, input):
        """Return the parameter in the shape that it has along an input; raise if it does not go along with it."""
        shape = self._shape_along(parameter, input)
        fits = all(size in (1, whole) for size, whole in zip(shape, input.shape, strict=True))
        if not fits or math.prod(shape) != parameter.size:
            name = 'weight' if parameter is self.weight else 'bias'
            raise ShapeError(
                f'expected input that a {name} of {parameter.shape} goes along with, got {input.shape}', self._name()
            )
        return parameter.reshape(shape)


class SpreadBias(Spread):
    """y = x + bias, the base of nn.Add and nn.CAdd."""

    def _write_output(self, input, output):
        np.add(input, self._along(self.bias, input), out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.copyto(gradInput, gradOutput)

    def accGradParameters(self, input, gradOutput, scale=1):
        shape = self._along(self.bias, input).shape
        self.kernels.CAdd_accGradParameters(gradOutput, self.gradBias, shape, scale)


class SpreadWeight(Spread):
    """y = weight x, element by element, the base of nn.Mul and nn.CMul."""

    def _write_output(self, input, output):
        np.multiply(input, self._along(self.weight, input), out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        np.multiply(gradOutput, self._along(self.weight, input), out=gradInput)

    def accGradParameters(self, input, gradOutput, scale=1):
        shape = self._along(self.weight, input).shape
        self.kernels.CMul_accGradParameters(input, gradOutput, self.gradWeight, shape, scale)
