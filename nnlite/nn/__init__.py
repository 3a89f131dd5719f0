"""Torch's nn: one class, one file, and Torch's file names."""

import importlib
import pkgutil

# A capital letter begins a class's file, but for nngraph's; what is small is shared by several.
__all__ = [file.name for file in pkgutil.iter_modules(__path__) if file.name[0].isupper() or file.name == 'gModule']

for _name in __all__:
    globals()[_name] = getattr(importlib.import_module(f'nnlite.nn.{_name}'), _name)

from nnlite.nn import hessian, utils  # noqa: E402, F401 as they are of Torch's nn, too


def __getattr__(name):
    raise AttributeError(f'nnlite.nn has no class {name!r}; it has {", ".join(__all__)}')
