"""The elements of an array where a mask that comes with it is 1."""

import numpy as np

from nnlite.errors import DataError, DtypeError, ShapeError
from nnlite.nn.Module import Module
from nnlite.nn.table import zeros_like
from nnlite.tensor.devices import is_array


class MaskedSelect(Module):
    """y = the elements of x where the mask is 1, in their logical order: (n).

    The input is a table: x, and a mask of its shape, of 0 and 1, uint8 or bool. The gradient of the mask is zero.

    Shapes: input [x, mask], of one shape; output (n), for n elements of 1 in the mask.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.MaskedSelect().forward([np.float32([[1, 2], [3, 4]]), np.uint8([[0, 1], [1, 0]])])
    array([2., 3.], dtype=float32)

    Raises:
        ShapeError: the mask is of another shape.
        DtypeError: the mask is of another type.
        DataError: the mask has another number than 0 and 1 in it.

    Source: torch/nn, MaskedSelect.lua.
    """

    foreign = ('_maskIndices', '_maskIndexBuffer', '_maskIndexBufferCPU', '_gradBuffer', '_gradMask')

    def _mask(self, input):
        """Return the mask as bool, or say what is wrong with it."""
        array, mask = input
        if not is_array(mask) or mask.dtype not in (np.uint8, np.bool_):
            given = mask.dtype if is_array(mask) else type(mask).__name__
            raise DtypeError(f'expected a mask of uint8 or bool, got {given}', where=self._name())
        if mask.shape != array.shape:
            raise ShapeError(f'expected mask {array.shape}, got {mask.shape}', where=self._name())
        if (mask > 1).any():
            raise DataError(f'expected a mask of 0 and 1, got {mask[mask > 1][0]}', where=self._name())
        return mask.view(bool)

    def updateOutput(self, input):
        self.expect_table(input, 2)
        self.expect(input[0])
        mask = self._mask(input)
        self.output = self.buffer('output', (int(np.count_nonzero(mask)),), like=input[0])
        np.compress(mask.ravel(), input[0], out=self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        mask = self._mask(input)
        grad = zeros_like(self, 'gradInput.0', input[0])
        grad[mask] = gradOutput
        none = self.buffer('gradInput.1', mask.shape, like=input[0], dtype=np.uint8)
        none.fill(0)
        self.gradInput = [grad, none]
        return self.gradInput

    def write(self):
        kept = {'gradInput': self.dtype, '_gradBuffer': self.dtype, '_maskIndexBufferCPU': np.float32}
        kept |= {'_maskIndices': np.int64, '_maskIndexBuffer': np.int64, '_gradMask': np.uint8}
        return {**super().write(), **{name: np.empty(0, dtype) for name, dtype in kept.items()}}  # Torch's needs them
