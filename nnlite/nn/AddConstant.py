"""A constant is added."""

import numpy as np

from nnlite.nn.arguments import flag, number
from nnlite.nn.transfer import Transfer
from nnlite.tensor.devices import is_array


class AddConstant(Transfer):
    """y = x + constant_scalar.

    Args:
        constant_scalar: a number, or a vector of one for each element of a sample: input (N, D) or (D).
        inplace: write into the input, and into gradOutput; backward then takes the constant off the input again.

    Shapes: input and output of any one shape; (N, D) or (D) for a vector of D constants.

    Raises:
        Error: the constant is neither.
        ShapeError: the input is not made of vectors of the constant's size.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.AddConstant(10).forward(np.float32([1, 2]))
    array([11., 12.], dtype=float32)

    Source: torch/nn, AddConstant.lua.
    """

    def __init__(self, constant_scalar, inplace=None):
        super().__init__()
        vector = is_array(constant_scalar) and constant_scalar.ndim == 1
        self.constant_scalar = constant_scalar if vector else number(self, 'constant_scalar', constant_scalar)
        self.inplace = flag(self, 'inplace', inplace)

    def _write_output(self, input, output):
        if is_array(self.constant_scalar):
            self.expect(input, ('N', len(self.constant_scalar)), single=True)
        np.add(input, self.constant_scalar, out=output)

    def _write_gradInput(self, input, gradOutput, gradInput):
        if self.inplace:
            np.subtract(input, self.constant_scalar, out=input)
        else:
            np.copyto(gradInput, gradOutput)
