"""What convolutions have in common in which not every plane is connected with every other."""

import math

import numpy as np

from nnlite.errors import Error
from nnlite.nn import tables
from nnlite.nn.convolution import Convolution
from nnlite.nn.indices import add_rows
from nnlite.tensor.devices import is_array, to_host
from nnlite.tensor.random import fill_uniform, uniform


class Connected(Convolution):
    """The base of the layers with a connection table: a kernel for each of its rows.

    They compute with kernels for all pairs of planes, in which those that are not connected are zero.

    Args:
        conMatrix: the table, a row (input plane, output plane) for each connection, counted from 1.
        kW, kH: the kernel's width and height.
        dW, dH: the step between neighbours, 1 by default.
    """

    def __init__(self, conMatrix, kW, kH, dW=None, dH=None):
        self.connTable = np.array(conMatrix)
        inputs, outputs = self._pairs()
        super().__init__(
            nInputPlane=int(inputs.max()) + 1, nOutputPlane=int(outputs.max()) + 1, kW=kW, kH=kH, dW=dW, dH=dH
        )
        self.connTable = self.connTable.astype(self.dtype)

    def reset(self, stdv=None):
        if stdv is not None:
            for parameter in self.parameters()[0]:
                self._fill(parameter, stdv * math.sqrt(3))
            return self
        outputs = self._pairs()[1]
        counts = np.bincount(outputs, minlength=self.nOutputPlane)
        if not counts.all():
            missing = int(np.argmin(counts)) + 1
            raise Error(f'expected a connection for every output plane, got none for {missing}', where=self._name())
        bounds = [1 / math.sqrt(self.kW * self.kH * count) for count in counts.tolist()]
        for kernel, output in zip(self.weight, outputs, strict=True):
            self._fill(kernel, bounds[output])
        for output, bound in enumerate(bounds):
            self.bias[output] = uniform(-bound, bound)
        return self

    def _fill(self, parameter, bound):
        fill_uniform(parameter, -bound, bound)

    def _weight_shape(self):
        return len(self.connTable), self.kH, self.kW

    def _pairs(self):
        """Return the input planes and the output planes of the connections, counted from 0, on the host."""
        return tables.pairs(to_host(self.connTable), self._name())

    def _kernels(self, weight):
        """Return the weight as kernels for all pairs of planes."""
        kernels = self._all_kernels('kernels', weight)
        places = np.ravel_multi_index(self._places(), kernels.shape[:2])
        size = self.kH * self.kW
        add_rows(self, kernels.reshape(-1, size), self.placed(places), weight.reshape(-1, size))
        return kernels

    def _all_kernels(self, name, like):
        """Return zeros for the kernels of all pairs of planes."""
        kernels = self.buffer(name, (*self._in_order(*self._planes()), self.kH, self.kW), like=like, layout='plain')
        kernels.fill(0)
        return kernels

    def _places(self):
        """Return where the connections are among all pairs."""
        return self._in_order(*self._pairs())

    def _in_order(self, inputs, outputs):
        return outputs, inputs

    def accGradParameters(self, input, gradOutput, scale=1):
        kernels = self._all_kernels('gradients of kernels', self.gradWeight)
        self._accumulate(self._maps(self._seen(input)), self._maps(gradOutput), kernels, scale)
        places = tuple(self.placed(planes) for planes in self._places())
        np.add(self.gradWeight, kernels[places], out=self.gradWeight)

    # An input may have more planes than are connected.

    def _seen(self, input):
        return input[..., : self.nInputPlane, :, :] if is_array(input) and input.ndim in (3, 4) else input

    def updateOutput(self, input):
        return super().updateOutput(self._seen(input))

    def _expect_geometry(self):
        super()._expect_geometry()
        for most, planes in zip(self._planes(), self._pairs().max(axis=1).tolist(), strict=True):
            if planes >= most:
                raise Error(f'expected planes up to {most} in the table, got {planes + 1}', where=self._name())

    def updateGradInput(self, input, gradOutput):
        seen = self._seen(input)
        super().updateGradInput(seen, gradOutput)
        if self.gradInput is not None and seen.shape != input.shape:
            connected, self.gradInput = self.gradInput, self.buffer('whole gradInput', input.shape, like=input)
            self.gradInput.fill(0)
            np.copyto(self._seen(self.gradInput), connected)
        return self.gradInput

    def __repr__(self):
        return f'nn.{type(self).__name__}'
