"""Networks and weights, to and from PyTorch, ONNX and files that others read.

>>> import numpy as np
>>> from nnlite import interop, nn
>>> net = nn.Sequential().add(nn.Linear(2, 1)).add(nn.Sigmoid())
>>> arrays = interop.state_dict(net)
>>> list(arrays), arrays['0.weight'].shape
(['0.weight', '0.bias'], (1, 2))
"""

from nnlite.interop.arrays import from_dlpack
from nnlite.interop.names import load_state_dict, paths, state_dict
from nnlite.interop.pytorch import to_torch
from nnlite.interop.pytorch_resnets import from_state_dict, read_network
from nnlite.interop.recipe import facts_of
from nnlite.interop.weight_files import Weights, read_weights, write_weights

__all__ = [
    'Weights',
    'facts_of',
    'from_dlpack',
    'from_state_dict',
    'load_state_dict',
    'paths',
    'read_network',
    'read_weights',
    'state_dict',
    'to_torch',
    'write_weights',
]
