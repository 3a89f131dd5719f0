"""How each class of nnlite.nn is said in PyTorch: one family, one file. All of it needs PyTorch."""

import importlib

from nnlite.interop.in_torch.expressions import convert, expresses, unexpressed

__all__ = ['convert', 'expresses', 'unexpressed']

FAMILIES = (
    'containers',
    'convolution',
    'linear',
    'losses',
    'moves',
    'normalization',
    'pooling',
    'random',
    'tables',
    'transfer',
)

for _family in FAMILIES:
    importlib.import_module(f'nnlite.interop.in_torch.{_family}')
