"""Torch's optnet: a model in, an equal but cheaper model out.

>>> from nnlite import models, optnet
>>> net = optnet.optimizeMemory(models.resnet(8, 'cifar10'))
"""

from nnlite.optnet.memory import countUsedMemory, optimizeMemory, removeOptimization

__all__ = ['countUsedMemory', 'optimizeMemory', 'removeOptimization']
