"""Lua Torch7's nn in Python, on NumPy and CuPy: what Torch calls torch.* stands here, its packages beside it.

>>> import nnlite as torch
>>> from nnlite import nn
>>> torch.manualSeed(1)
>>> nn.Linear(2, 3).weight.shape
(3, 2)
"""

import importlib
from typing import Any

from nnlite.errors import DataError, DeviceError, DtypeError, Error, FileFormatError, ShapeError
from nnlite.kernels import getkernels, getprecise, setkernels, setprecise
from nnlite.tensor.lua import LuaTable, TorchObject
from nnlite.tensor.random import (
    Generator,
    bernoulli,
    cauchy,
    exponential,
    geometric,
    getRNGState,
    initialSeed,
    logNormal,
    manualSeed,
    multinomial,
    normal,
    rand,
    randn,
    random,
    randperm,
    seed,
    setRNGState,
    uniform,
)
from nnlite.tensor.storage import Storage
from nnlite.tensor.threads import getnumthreads, setnumthreads
from nnlite.tensor.types import getdefaulttensortype, setdefaulttensortype

__version__ = '0.1.0'

# Loaded when first asked for, so that `import nnlite` stays quick.
_LAZY = {
    'load': 'nnlite.serialization',
    'loadAll': 'nnlite.serialization',
    'save': 'nnlite.serialization',
    'register': 'nnlite.serialization',
}
_PACKAGES = ('nn', 'optim', 'image', 'optnet', 'models', 'data_prep', 'training', 'trace', 'serialization')

__all__ = [
    'DataError',
    'DeviceError',
    'DtypeError',
    'Error',
    'FileFormatError',
    'Generator',
    'LuaTable',
    'ShapeError',
    'Storage',
    'TorchObject',
    'bernoulli',
    'cauchy',
    'exponential',
    'geometric',
    'getRNGState',
    'getdefaulttensortype',
    'getkernels',
    'getnumthreads',
    'getprecise',
    'initialSeed',
    'load',
    'loadAll',
    'logNormal',
    'manualSeed',
    'multinomial',
    'normal',
    'rand',
    'randn',
    'random',
    'randperm',
    'register',
    'save',
    'seed',
    'setRNGState',
    'setdefaulttensortype',
    'setkernels',
    'setnumthreads',
    'setprecise',
    'uniform',
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    if name in _PACKAGES:
        return importlib.import_module(f'nnlite.{name}')
    raise AttributeError(f'module nnlite has no attribute {name!r}')


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_PACKAGES})
