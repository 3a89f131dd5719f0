"""Kernels compiled by numba for the vectors of this CPU; those that are not here are NumPy's.

They are compiled when they are first called, and kept on disk for the next process.
"""

from nnlite.kernels import on_numpy
from nnlite.kernels.on_numba import convolution, depthwise, linear, noise, normalization, pooling, sgd, transfer

_COMPILED = [convolution, depthwise, linear, noise, normalization, pooling, sgd, transfer]

globals().update((name, getattr(on_numpy, name)) for name in on_numpy.__all__)
for _file in _COMPILED:
    globals().update((_name, thing) for _name, thing in vars(_file).items() if _name in on_numpy.__all__)

__all__ = list(on_numpy.__all__)
