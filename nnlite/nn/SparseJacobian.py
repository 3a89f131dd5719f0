"""Checks of the derivatives of a module that takes sparse inputs (Torch: nn.SparseJacobian)."""

from nnlite.nn.Jacobian import Jacobian


class SparseJacobian(Jacobian):
    """What nn.Jacobian does, for an input (n, 2) of n indices and values: only the values are differentiated by.

    Shapes: input (n, 2); the Jacobian is (n, elements of the output).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer, x = nn.SparseLinear(4, 2).double(), np.array([[1, 0.5], [3, -1]])
    >>> bool(np.allclose(nn.SparseJacobian.forward(layer, x), layer.weight.T[[0, 2]]))
    True

    Source: torch/nn, SparseJacobian.lua.
    """

    @staticmethod
    def _values(input):
        return input[:, 1]
