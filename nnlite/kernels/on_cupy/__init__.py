"""Kernels for NVIDIA GPUs: CUDA C++ in the .cu files here, each beside the Python that launches it.

What is not here NumPy's functions say, and CuPy's arrays answer to them: those kernels are on_numpy's own lines, with
their scratch memory on the GPU.
"""

import importlib
import pkgutil

from nnlite.kernels import on_numpy
from nnlite.tensor.devices import on_gpu

_own = {}
for _file in pkgutil.iter_modules(__path__):
    for _name, _thing in vars(importlib.import_module(f'{__name__}.{_file.name}')).items():
        if _name in on_numpy.__all__:
            _own[_name] = _thing

globals().update((_name, on_gpu(_own.get(_name, getattr(on_numpy, _name)))) for _name in on_numpy.__all__)

OWN = sorted(_own)
__all__ = list(on_numpy.__all__)
