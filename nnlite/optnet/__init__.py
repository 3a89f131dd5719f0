"""Torch's optnet: a model in, an equal but cheaper model out.

>>> from nnlite import models, optnet
>>> net = optnet.optimizeMemory(optnet.fuse(models.resnet(8, 'cifar10')))
"""

from nnlite.optnet.fuse import fuse, plain
from nnlite.optnet.memory import countUsedMemory, optimizeMemory
from nnlite.optnet.turns import removeOptimization

__all__ = ['countUsedMemory', 'fuse', 'optimizeMemory', 'plain', 'removeOptimization']
