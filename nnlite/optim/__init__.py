"""What trains a network, and what watches it: the optimizers in Torch's functional form, ConfusionMatrix, Logger."""

from nnlite.optim.sgd import sgd

__all__ = ['sgd']
