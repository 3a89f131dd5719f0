"""A fully connected layer of which some outputs are computed."""

import numpy as np

from nnlite.nn.arguments import flag, sizes
from nnlite.nn.Identity import Identity
from nnlite.nn.indices import add_rows, from_zero
from nnlite.nn.LookupTable import LookupTable
from nnlite.nn.MM import MM
from nnlite.nn.Module import Module
from nnlite.nn.ParallelTable import ParallelTable
from nnlite.nn.Sequential import Sequential
from nnlite.tensor.devices import is_array


class PartialLinear(Module):
    """y = W x + b, or the part of it that setPartition chooses: to train a large layer on a few outputs at a time.

    Args:
        inputsize: the number of inputs.
        outputsize: the number of all outputs.
        bias: whether there is a b.

    Shapes: input (N, inputsize); output (N, outputs of the partition); weight (outputsize, inputsize), drawn from the
    standard normal distribution, bias (1, outputsize), which begins as 0.

    Raises:
        ShapeError: an input of other sizes.
        DataError: a partition that names an output there is not.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer, x = nn.PartialLinear(4, 9), np.ones((2, 4), np.float32)
    >>> layer.forward(x).shape, layer.setPartition([3, 7, 1]).forward(x).shape
    ((2, 9), (2, 3))

    Source: torch/nn, PartialLinear.lua.
    """

    foreign = ('addBuffer', 'buffer')

    def __init__(self, inputsize, outputsize, bias=True):
        super().__init__()
        inputsize, outputsize = sizes(self, inputsize=inputsize, outputsize=outputsize)
        inputs = ParallelTable().add(Identity()).add(LookupTable(outputsize, inputsize))
        self.network = Sequential().add(inputs).add(MM(False, True))
        if flag(self, 'bias', bias, True):
            self.bias, self.gradBias = np.zeros((1, outputsize), self.dtype), np.zeros((1, outputsize), self.dtype)
        self.inputsize, self.outputsize = inputsize, outputsize
        self.allcolumns = np.arange(1, outputsize + 1, dtype=self.dtype)
        self.resetPartition()

    def setPartition(self, indices):
        """Compute these outputs alone, counted from 1 and in this order; return the module."""
        columns = from_zero(self, indices if is_array(indices) else np.asarray(indices), self.outputsize, 'indices') + 1
        self.partition = columns.astype(self.dtype)
        return self

    def resetPartition(self):
        """Compute all outputs; return the module."""
        self.partition = self.allcolumns
        return self

    def parameters(self):
        table = self.network.get(1).get(2)
        params, grads = super().parameters()
        return [table.weight, *params], [table.gradWeight, *grads]

    def _columns(self):
        return from_zero(self, self.partition, self.outputsize, 'partition')

    def updateOutput(self, input):
        self.expect(input, ('N', self.inputsize))
        self.output = self.network.forward([input, self.partition])
        if self.bias is not None:
            np.add(self.output, self.bias[0, self._columns()], out=self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        if self.gradInput is not None:
            self.gradInput = self.network.updateGradInput([input, self.partition], gradOutput)[0]
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        self.network.accGradParameters([input, self.partition], gradOutput, scale)
        if self.bias is not None:
            self._add_to_bias(self.gradBias, scale * gradOutput.sum(axis=0))

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self.network.accUpdateGradParameters([input, self.partition], gradOutput, lr)
        if self.bias is not None:
            self._add_to_bias(self.bias, -lr * gradOutput.sum(axis=0))

    def _add_to_bias(self, bias, sums):
        add_rows(self, bias.reshape(-1, 1), self._columns(), sums[:, None])

    def share(self, other, *names):
        self.network.share(other.network, *names)
        return super().share(other, *names)

    def clearState(self):
        self.network.clearState()
        return super().clearState()

    def __repr__(self):
        size = f'{self.inputsize} -> {self.outputsize}'
        return f'nn.PartialLinear({size})' + (' without bias' if self.bias is None else '')
