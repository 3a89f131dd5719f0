"""Layer normalization of features."""

import math

from nnlite.nn.Add import Add
from nnlite.nn.arguments import flag, number, whole
from nnlite.nn.CMul import CMul
from nnlite.nn.ConcatTable import ConcatTable
from nnlite.nn.CSubTable import CSubTable
from nnlite.nn.Identity import Identity
from nnlite.nn.Mean import Mean
from nnlite.nn.MulConstant import MulConstant
from nnlite.nn.Normalize import Normalize
from nnlite.nn.Replicate import Replicate
from nnlite.nn.Sequential import Sequential


class LayerNormalization(Sequential):
    """y = (x - mean) / std * gain + bias, with each sample's own mean and standard deviation over its features.

    That is what it computes of one sample. In a batch of N, as in Torch, where nn.Replicate lays the means out the
    other way round than the samples lie, element k, row by row and from 0, loses the mean of sample k modulo N.

    Args:
        nOutput: the number of features.
        bias: what the biases begin as, 0 by default.
        eps: keeps the sum of squares away from zero, 1e-10 by default.
        affine: whether there are gain, which begins as 1, and bias; True by default.

    Shapes: input and output (N, nOutput) or (nOutput); gain and bias (nOutput).

    Raises:
        ShapeError: the input has other features.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.LayerNormalization(2).forward(np.float32([[3, 5]])).round(3)
    array([[-1.,  1.]], dtype=float32)

    Source: torch/nn, LayerNormalization.lua; Ba and others, "Layer normalization", 2016.
    """

    def __init__(self, nOutput, bias=None, eps=None, affine=None):
        super().__init__()
        nOutput = whole(self, 'nOutput', nOutput, 1)
        mean = Sequential().add(Mean(1, 1)).add(Replicate(nOutput, 1, 1))
        self.add(ConcatTable().add(Identity()).add(mean)).add(CSubTable())
        self.add(Normalize(2, 1e-10 if eps is None else eps)).add(MulConstant(math.sqrt(nOutput)))
        if flag(self, 'affine', affine, True):
            biasTransform, gainTransform = Add(nOutput, False), CMul(nOutput)
            biasTransform.bias.fill(number(self, 'bias', bias, 0))
            gainTransform.weight.fill(1)
            self.add(gainTransform).add(biasTransform)

    def updateOutput(self, input):
        self.expect(input, ('N', self.get(1).get(2).get(2).nfeatures), single=True)
        return super().updateOutput(input)

    def _name(self):
        return 'LayerNormalization'  # which prints as the nn.Sequential that it is
