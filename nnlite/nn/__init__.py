"""Torch's nn: one class, one file, and Torch's file names."""

import importlib
import pkgutil

# A capital letter begins a class's file; what is small is shared by several.
for _file in pkgutil.iter_modules(__path__):
    if _file.name[0].isupper():
        globals()[_file.name] = getattr(importlib.import_module(f'nnlite.nn.{_file.name}'), _file.name)

__all__ = sorted(name for name in globals() if name[0].isupper())


def __getattr__(name):
    raise AttributeError(f'nnlite.nn has no class {name!r}; it has {", ".join(__all__)}')
