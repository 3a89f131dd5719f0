"""A rectifier for both signs."""

from nnlite.errors import ShapeError
from nnlite.nn.arguments import flag, whole
from nnlite.nn.ConcatTable import ConcatTable
from nnlite.nn.Identity import Identity
from nnlite.nn.JoinTable import JoinTable
from nnlite.nn.MulConstant import MulConstant
from nnlite.nn.ReLU import ReLU
from nnlite.nn.Sequential import Sequential


class CReLU(Sequential):
    """y = max(0, x), max(0, -x), joined along the planes, of which there are twice as many then.

    Args:
        nInputDims: how many dimensions an input has without the batch's.
        inplace: let the nn.ReLU at the end write into what comes to it; the input is left alone.

    Shapes: input (N, C, ...) or (C, ...), of nInputDims dimensions and the batch's; output (N, 2 C, ...) or (2 C, ...).

    Raises:
        ShapeError: the input has another number of dimensions.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.CReLU(1).forward(np.float32([1, -2]))
    array([1., 0., 0., 2.], dtype=float32)

    Source: torch/nn, CReLU.lua; Shang et al., "Understanding and improving convolutional neural networks via
    concatenated rectified linear units", 2016.
    """

    def __init__(self, nInputDims, inplace=None):
        super().__init__()
        self.nInputDims = whole(self, 'nInputDims', nInputDims, 1)
        self.inplace = flag(self, 'inplace', inplace)
        self.add(ConcatTable().add(Identity()).add(MulConstant(-1))).add(JoinTable(2)).add(ReLU(self.inplace))

    def _is_single(self, input):
        return input.ndim == self.nInputDims

    def updateOutput(self, input):
        self.expect(input)
        if input.ndim not in (self.nInputDims, self.nInputDims + 1):
            wanted = f'{self.nInputDims} dimensions, or {self.nInputDims + 1} with a batch'
            raise ShapeError(f'expected input of {wanted}, got {input.shape}', where=self._name())
        if self._is_single(input):
            self.output = super().updateOutput(input[None])[0]
            return self.output
        return super().updateOutput(input)

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if self._is_single(input):
            self.gradInput = super().updateGradInput(input[None], gradOutput[None])[0]
            return self.gradInput
        return super().updateGradInput(input, gradOutput)

    def backward(self, input, gradOutput, scale=1):
        return self.updateGradInput(input, gradOutput)  # there are no parameters

    def __repr__(self):
        return 'CReLU()'
