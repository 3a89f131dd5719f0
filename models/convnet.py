"""Plain networks: a residual network with its shortcuts taken out."""

from nnlite import nn
from nnlite.models.resnet import branch_for
from nnlite.models.topology import network


def convnet(depth, dataset, dropout=0, classes=None, widths=None):
    """Return the plain twin of nnlite.models.resnet of the same arguments: the same layers in the same order.

    It has exactly as many parameters as the residual network with shortcuts of type A, and after the same
    nnlite.manualSeed they begin with the same values.

    Args:
        depth, dataset, dropout, classes, widths: as in nnlite.models.resnet.

    >>> sum(weight.size for weight in convnet(20, 'cifar10').parameters()[0])
    269722

    Raises:
        Error: there is no such data set or depth.
    """
    branch = branch_for(depth, dataset)

    def block(nInputPlane, n, stride):
        s, nOutputPlane = branch(nInputPlane, n, stride, dropout)
        return s.add(nn.ReLU(True)), nOutputPlane

    return network(depth, dataset, block, classes, widths)
