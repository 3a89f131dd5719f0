"""Kernels on NumPy: always there, the ones to read, and the reference that every other family is held against."""

import importlib
import pkgutil

# A capital letter begins a kernel's name, as it begins its layer's; what is small is for the kernels themselves.
for _file in pkgutil.iter_modules(__path__):
    for _name, _thing in vars(importlib.import_module(f'{__name__}.{_file.name}')).items():
        if _name[0].isupper() and '_' in _name and callable(_thing):
            globals()[_name] = _thing

__all__ = sorted(name for name in globals() if name[0].isupper())
