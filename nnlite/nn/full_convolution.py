"""What full (transposed) convolutions have in common: each is a convolution the other way round."""

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.nn.convolution import Convolution
from nnlite.nn.table import zeros_like
from nnlite.tensor.devices import is_array


class FullConvolution(Convolution):
    """The base of the layers whose output is a convolution's gradInput: each input pixel hands on its kernel.

    They compute with the kernels of convolution, the parts of input and output exchanged. Of all sizes of the output
    from which a convolution would come to the input's, `adj` says how many pixels more than the least it is to have;
    or an input {x, target} has it as large as the target.

    Class attributes:
        made_at_first: buffers that Torch's constructor makes, and that it does not do without in a file.
    """

    made_at_first = ()
    adjT = adjH = adjW = 0
    foreign = (*Convolution.foreign, 'ones', 'zeroScalar')

    def _weight_shape(self):
        return self.nInputPlane, self.nOutputPlane, *self._each('k')

    def _convolve(self, maps, output):
        self.kernels.Convolution_updateGradInput(maps, output, self._kernels(self.weight), *self._geometry())
        if self.bias is not None:
            np.add(output, np.expand_dims(self.bias, tuple(range(1, output.ndim - 1))), out=output)

    def _hand_back(self, grads, gradInput):
        self.kernels.Convolution_updateOutput(grads, gradInput, self._kernels(self.weight), None, *self._geometry())

    def _accumulate(self, maps, grads, gradWeight, scale):
        self.kernels.Convolution_accGradParameters(grads, maps, gradWeight, None, *self._geometry(), scale)
        if self.gradBias is not None:
            self.kernels.Convolution_accGradBias(grads, self.gradBias, scale)

    def _output_space(self, input):
        space = self._maps(input).shape[2:]
        sides = list(zip(self._each('k'), *self._geometry()[:2], self._adj(input), strict=True))
        self._expect_space(space, [1 - (kernel + adj - 2 * pad - 1) // step for kernel, step, pad, adj in sides])
        return [
            (size - 1) * step + kernel + adj - 2 * pad
            for size, (kernel, step, pad, adj) in zip(space, sides, strict=True)
        ]

    def _adj(self, input):
        """Return how many pixels the output has more than the least, for each side."""
        if not isinstance(input, list):
            return self._each('adj')
        target = input[1].shape[-len(self.sides) :]
        sides = zip(target, self._each('k'), self._each('d'), self._each('pad'), strict=True)
        return [(size + 2 * pad - kernel) % step for size, kernel, step, pad in sides]

    def updateGradInput(self, input, gradOutput):
        super().updateGradInput(input, gradOutput)
        if isinstance(input, list) and self.gradInput is not None:
            self.gradInput = [self.gradInput, zeros_like(self, 'gradInput of the target', input[1])]
        return self.gradInput

    def write(self):
        return {**super().write(), **{name: np.empty(0, self.dtype) for name in self.made_at_first}}

    def _maps(self, array):
        return super()._maps(array[0] if isinstance(array, list) else array)

    def _as_given(self, maps, given):
        return super()._as_given(maps, given[0] if isinstance(given, list) else given)

    def _expect_input(self, input):
        if not isinstance(input, list):
            super()._expect_input(input)
            return
        self.expect_table(input, 2)
        super()._expect_input(input[0])
        if not is_array(input[1]) or input[1].ndim < len(self.sides):
            given = input[1].shape if is_array(input[1]) else type(input[1]).__name__
            sides = ', '.join(self.sides)
            raise ShapeError(f'expected a target (..., {sides}) beside the input, got {given}', where=self._name())

    def _expect_geometry(self):
        super()._expect_geometry()
        for side in self.sides:
            adj, step = getattr(self, 'adj' + side), getattr(self, 'd' + side)
            if adj >= step:
                raise Error(f'expected adj{side} below d{side}, which is {step}, got {adj}', where=self._name())

    def _terms(self):
        return [*super()._terms(), *([self._written('adj')] if any(self._each('adj')) else [])]
