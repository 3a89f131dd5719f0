"""What trains a network, and what watches it: the optimizers in Torch's functional form, ConfusionMatrix, Logger."""

from nnlite.optim.adadelta import adadelta
from nnlite.optim.adagrad import adagrad
from nnlite.optim.adam import adam
from nnlite.optim.adamax import adamax
from nnlite.optim.asgd import asgd
from nnlite.optim.cg import cg
from nnlite.optim.checkgrad import checkgrad
from nnlite.optim.cmaes import cmaes
from nnlite.optim.ConfusionMatrix import ConfusionMatrix
from nnlite.optim.de import de
from nnlite.optim.fista import FistaLS
from nnlite.optim.lbfgs import lbfgs
from nnlite.optim.Logger import Logger
from nnlite.optim.lswolfe import lswolfe
from nnlite.optim.nag import nag
from nnlite.optim.polyinterp import polyinterp
from nnlite.optim.rmsprop import rmsprop
from nnlite.optim.rprop import rprop
from nnlite.optim.sgd import sgd

__all__ = [
    'ConfusionMatrix', 'FistaLS', 'Logger', 'adadelta', 'adagrad', 'adam', 'adamax', 'asgd', 'cg', 'checkgrad', 'cmaes',
    'de', 'lbfgs', 'lswolfe', 'nag', 'polyinterp', 'rmsprop', 'rprop', 'sgd',
]  # fmt: skip
