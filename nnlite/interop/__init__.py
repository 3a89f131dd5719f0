"""Networks and weights, to and from PyTorch, ONNX and files that others read.

>>> import numpy as np
>>> from nnlite import interop, nn
>>> net = nn.Sequential().add(nn.Linear(2, 1)).add(nn.Sigmoid())
>>> arrays = interop.state_dict(net)
>>> list(arrays), arrays['0.weight'].shape
(['0.weight', '0.bias'], (1, 2))
"""

from typing import Any

from nnlite.interop.arrays import from_dlpack
from nnlite.interop.conversion import convert_network
from nnlite.interop.names import load_state_dict, paths, state_dict
from nnlite.interop.onnx import check_onnx, write_onnx
from nnlite.interop.pytorch import to_torch
from nnlite.interop.pytorch_resnets import from_state_dict, read_network
from nnlite.interop.recipe import facts_of
from nnlite.interop.weight_files import Weights, read_weights, write_weights

__all__ = [
    'Weights',
    'check_onnx',
    'convert_network',
    'facts_of',
    'from_dlpack',
    'from_state_dict',
    'load_state_dict',
    'paths',
    'read_network',
    'read_weights',
    'state_dict',
    'to_torch',
    'write_onnx',
    'write_weights',
]


def __getattr__(name: str) -> Any:
    if name == 'NetClassifier':  # scikit-learn takes a second to load
        from nnlite.interop.net_classifier import NetClassifier

        return NetClassifier
    raise AttributeError(f'nnlite.interop has no {name!r}; it has {", ".join([*__all__, "NetClassifier"])}')
