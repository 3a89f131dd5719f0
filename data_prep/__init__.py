"""Data sets: made from archives, folders and drawn shapes, kept in one HDF5 layout, loaded in batches.

`shapes.prepare`, `image_folder.prepare`, `tiny_imagenet.prepare` and `cifar10.prepare` make them, as the command
`nnlite prep` does; `Loader` gives their batches, `open_dataset` their arrays.
"""

import importlib
from typing import Any

from nnlite.data_prep.dataset import Dataset, open_dataset
from nnlite.data_prep.loader import Loader

# Loaded when first asked for: they are for making data sets, not for training on them.
_MODULES = ('augmentation', 'cifar10', 'image_folder', 'shapes', 'tiny_imagenet')

__all__ = ['Dataset', 'Loader', 'open_dataset']


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f'nnlite.data_prep.{name}')
    raise AttributeError(f'module nnlite.data_prep has no attribute {name!r}')
