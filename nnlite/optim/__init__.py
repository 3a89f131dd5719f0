"""What trains a network, and what watches it: the optimizers in Torch's functional form, ConfusionMatrix, Logger."""

from nnlite.optim.ConfusionMatrix import ConfusionMatrix
from nnlite.optim.Logger import Logger
from nnlite.optim.sgd import sgd

__all__ = ['ConfusionMatrix', 'Logger', 'sgd']
