"""What all convolutions have in common: their life, over maps of any number of sides."""

import math

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.initial import bound
from nnlite.nn.maps import MapLayer
from nnlite.nn.spatial import expect_geometry
from nnlite.tensor.random import fill_uniform


class Convolution(MapLayer):
    """The base of the layers that slide a kernel over maps.

    A layer says by which letters its `sides` go: those of volumes are T, H and W, in the order of memory, and its sizes
    have Torch's names, kT, dH, padW ... It also says how many `_planes` it takes and gives, and how its weight looks as
    one kernel for each pair of them. Here is what remains: shapes, memory, and which kernels compute.

    Args:
        sizes: Torch's fields and their values; None stands for the default, which the class has.
    """

    says_no_bias = True  # whether Torch prints that there is none
    foreign = ('finput', 'fgradInput', '_input', '_gradOutput')

    dT = dH = dW = 1
    padT = padH = padW = 0
    dilationT = dilationH = dilationW = 1

    def __init__(self, **sizes):
        super().__init__()
        for name, size in sizes.items():
            setattr(self, name, getattr(self, name, None) if size is None else size)
        self._expect_geometry()
        self._make_parameters()
        self.reset()

    def _make_parameters(self):
        self.weight = np.empty(self._weight_shape(), self.dtype)
        self.bias = np.empty(self._bias_shape(), self.dtype)
        self.gradWeight = np.zeros_like(self.weight)
        self.gradBias = np.zeros_like(self.bias)

    def noBias(self):
        """Do without a bias; return the module."""
        self.bias = self.gradBias = None
        return self

    def reset(self, stdv=None):
        limit = bound(stdv, self._fan_in())
        for parameter in self.parameters()[0]:
            fill_uniform(parameter, -limit, limit)
        return self

    # what a layer may say otherwise

    def _planes(self):
        """Return the number of planes of the input, and of the output."""
        return self.nInputPlane, self.nOutputPlane

    def _weight_shape(self):
        return self.nOutputPlane, self.nInputPlane, *self._each('k')

    def _bias_shape(self):
        return (self._planes()[1],)

    def _fan_in(self):
        """Return how many numbers of the input go into one of the output."""
        return math.prod(self._each('k')) * self._planes()[0]

    def _space(self):
        """Return the sizes of an input's sides, or names for those of any size."""
        return self.sides

    def _output_space(self, input):
        """Return the sizes of the output's sides."""
        return self._windows(self._maps(input).shape[2:])

    def _windows(self, space):
        """Return how many windows fit on sides of these sizes."""
        stride, padding, dilation = self._geometry()
        spans = [(size - 1) * gap + 1 for size, gap in zip(self._each('k'), dilation, strict=True)]
        sides = list(zip(space, spans, stride, padding, strict=True))
        self._expect_space(space, [span - 2 * pad for _, span, _, pad in sides])
        return [(size + 2 * pad - span) // step + 1 for size, span, step, pad in sides]

    def _kernels(self, weight):
        """Return the weight, or its gradient, as a view (nOutputPlane, nInputPlane, *kernel)."""
        return weight

    def _convolve(self, maps, output):
        self.kernels.Convolution_updateOutput(maps, output, self._kernels(self.weight), self.bias, *self._geometry())

    def _hand_back(self, grads, gradInput):
        self.kernels.Convolution_updateGradInput(grads, gradInput, self._kernels(self.weight), *self._geometry())

    def _accumulate(self, maps, grads, gradWeight, scale):
        self.kernels.Convolution_accGradParameters(maps, grads, gradWeight, self.gradBias, *self._geometry(), scale)

    # its life

    def updateOutput(self, input):
        self._output_by(input, self._convolve)
        return self.output

    def _output_by(self, input, convolve):
        """Do what updateOutput does by a function that fills an output, and return what that returns."""
        self._expect_input(input)
        self._expect_geometry()
        self.expect(self.weight, self._weight_shape(), 'weight')
        if self.bias is not None:
            self.expect(self.bias, self._bias_shape(), 'bias')
        maps = self._maps(input)
        shape = len(maps), self._planes()[1], *self._output_space(input)
        output = self.buffer('output', shape, like=maps, layout='map')
        result = convolve(maps, output)
        self.output = self._as_given(output, input)
        return result

    def _add_gradInput(self, input, gradOutput, added, owner):
        """Return what updateGradInput returns, and what is `added`, as one in another module's memory for gradInput."""
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.expect(added, input.shape, 'gradInput')
        maps, options = self._maps(input), (self._kernels(self.weight), *self._geometry())
        total = owner.buffer('gradInput', maps.shape, like=maps, layout='map')
        self.kernels.ConvolutionAdd_updateGradInput(self._maps(gradOutput), self._maps(added), total, *options)
        return self._as_given(total, input)

    def accGradParameters(self, input, gradOutput, scale=1):
        self._accumulate(self._maps(input), self._maps(gradOutput), self._kernels(self.gradWeight), scale)

    def read(self, fields, version=1):
        super().read(fields, version)
        padding = self.__dict__.pop('padding', None)  # in files from before 2015, for all sides
        if padding is not None:
            self.__dict__.update(('pad' + side, padding) for side in self.sides)
        for name in ('weight', 'gradWeight'):  # there, and in some later ones, a row for each output plane
            rows = self.__dict__.get(name)
            if rows is not None and rows.ndim == 2 and rows.size == math.prod(self._weight_shape()):
                self.__dict__[name] = rows.reshape(self._weight_shape())

    # shapes

    def _geometry(self):
        return self._each('d'), self._each('pad'), self._each('dilation')

    def _expect_geometry(self):
        expect_geometry(self)

    def _expect_input(self, input):
        shape = ['N', *self._space()]
        shape.insert(self.axis, self._planes()[0])
        self.expect(input, tuple(shape), single=True)

    def _expect_space(self, space, least):
        """Raise unless an input's sides have at least these sizes, and one pixel."""
        least = [max(1, size) for size in least]
        if any(size < limit for size, limit in zip(space, least, strict=True)):
            least, given = (' x '.join(map(str, sizes)) for sizes in (least, space))
            unit = 'frames' if self.sides == 'W' else 'pixels'
            raise ShapeError(f'expected input of at least {least} {unit}, got {given}', where=self._name())

    def _terms(self):
        """Return what stands between the brackets when the layer is printed."""
        terms = [' -> '.join(map(str, (self.nInputPlane, self.nOutputPlane))), self._written('k', 'x')]
        padded = any(self._each('pad'))
        if padded or set(self._each('d')) != {1}:
            terms.append(self._written('d'))
        if padded:
            terms.append(self._written('pad'))
        return terms

    def _written(self, name, between=','):
        return between.join(map(str, self._each(name, 'TWH')))

    def __repr__(self):
        without = ' without bias' if self.bias is None and self.says_no_bias else ''
        return f'nn.{type(self).__name__}({", ".join(self._terms())}){without}'
