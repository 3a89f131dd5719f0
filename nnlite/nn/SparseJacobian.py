"""Checks of the derivatives of a module that takes sparse inputs (Torch: nn.SparseJacobian)."""

from nnlite.nn.Jacobian import Jacobian


class SparseJacobian(Jacobian):
    """What nn.Jacobian does, for an input (n, 2) of n indices and values: only the values are differentiated by.

    Source: torch/nn, SparseJacobian.lua.
    """

    @staticmethod
    def _values(input):
        return input[:, 1]
