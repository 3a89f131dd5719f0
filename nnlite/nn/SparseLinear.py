"""The fully connected layer for inputs that are zero but for a few."""

import numpy as np

from nnlite.nn.arguments import sizes
from nnlite.nn.indices import from_zero
from nnlite.nn.initial import bound
from nnlite.nn.Module import Module
from nnlite.tensor.devices import is_array
from nnlite.tensor.random import fill_uniform

NONE, ONE, MANY = 0, 1, 2  # backward passes since zeroGradParameters, that is, how much of gradWeight may not be zero


class SparseLinear(Module):
    """y = W x + b, for an x that is given by its entries, rows of (index, value); indices count from 1.

    After one backward pass, zeroGradParameters and updateParameters touch the columns of W alone that had a value.

    Args:
        inputSize: the number of inputs.
        outputSize: the number of outputs.
        doGradInput: whether backward computes gradInput, with an entry for each input; False by default.

    Attributes:
        weightDecay: 0; by what the weight is multiplied and added to its gradient in every backward pass.

    Shapes: input (entries, 2), for one sample; a table of them, for a batch; or (N, entries, 2), a batch of samples
    with as many entries each, where a value of 0 fills up. Output (outputSize) or (N, outputSize). gradInput is a table
    of (inputSize, 2), or (N, inputSize, 2); without doGradInput an empty table, or zeros. weight (outputSize,
    inputSize), drawn as nn.Linear's; bias (outputSize), a millionth as large.

    Raises:
        ShapeError: an input that is not of these shapes.
        DataError: an index that is not one of 1 to inputSize.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SparseLinear(1000, 3).forward(np.float32([[7, 0.5], [940, -2]])).shape
    (3,)

    Source: torch/nn, SparseLinear.lua.
    """

    cleared = (*Module.cleared, 'lastInput')
    foreign = ('formatted_input', 'legacyMode')
    weightDecay = 0
    sparseUpdate = NONE
    doGradInput = False
    lastInput = None

    def __init__(self, inputSize, outputSize, doGradInput=None):
        super().__init__()
        self.weightDecay = 0
        self.doGradInput = bool(doGradInput)
        self.weight = np.empty(sizes(self, outputSize=outputSize, inputSize=inputSize), self.dtype)
        self.bias = np.empty(outputSize, self.dtype)
        self.gradWeight, self.gradBias = np.zeros_like(self.weight), np.zeros_like(self.bias)
        self.sparseUpdate = NONE
        self.gradInput = []
        self.reset()

    def reset(self, stdv=None):
        limit = bound(stdv, self.weight.shape[1])
        fill_uniform(self.weight, -limit, limit)
        fill_uniform(self.bias, -limit, limit)
        self.bias *= 1e-6
        return self

    def _entries(self, input):
        """Return sample and index, from 0, and value of each entry whose value is not 0, and the number of samples."""
        parts = [input] if is_array(input) and input.ndim == 2 else input
        if not isinstance(parts, list):
            self.expect(input, ('N', 'entries', 2))
            parts = list(input)
        self.expect_table(parts)
        for part in parts:
            self.expect(part, ('entries', 2))
        samples = self.placed(np.repeat(np.arange(len(parts)), [len(part) for part in parts]))
        indices, values = np.concatenate(parts).T
        used = np.flatnonzero(values)
        return samples[used], from_zero(self, indices[used], self.weight.shape[1], 'indices'), values[used], len(parts)

    def updateOutput(self, input):
        if self.sparseUpdate == ONE:
            self.sparseUpdate = MANY
        samples, indices, values, count = self._entries(input)
        output = self.buffer('output', (count, len(self.weight)), like=self.weight)
        self.kernels.SparseLinear_updateOutput(samples, indices, values, output, self.weight.T, self.bias)
        self.output = output[0] if is_array(input) and input.ndim == 2 else output
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        filled = is_array(input) and input.ndim == 3
        if self.doGradInput:
            rows, inputs = np.atleast_2d(gradOutput), self.weight.shape[1]
            grads = self.buffer('gradInput', (len(rows), inputs, 2), like=self.weight, layout='plain')
            grads[..., 0] = self.xp.arange(1, inputs + 1)
            self.kernels.Linear_updateGradInput(rows, grads[..., 1], self.weight)
            self.gradInput = grads if filled else list(grads)
        elif filled:
            self.gradInput = self.buffer('gradInput', input.shape, like=input)
            self.gradInput.fill(0)
        else:
            self.gradInput = []
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        samples, indices, values, _ = self._entries(input)
        if self.sparseUpdate == NONE:
            self.lastInput = self.buffer('lastInput', (len(indices), 3), like=self.weight)
            for column, numbers in zip(self.lastInput.T, (samples + 1, indices + 1, values), strict=True):
                column[...] = numbers
        self.sparseUpdate = ONE if self.sparseUpdate == NONE else MANY
        self.kernels.SparseLinear_accGradParameters(
            samples, indices, values, np.atleast_2d(gradOutput), self.gradWeight.T, self.gradBias, scale
        )
        if self.weightDecay:
            self.gradWeight += self.weightDecay * self.weight

    def accUpdateGradParameters(self, input, gradOutput, lr):
        if self.weightDecay:  # which is part of the gradient, and not to be added to the weight itself
            self.sharedAccUpdateGradParameters(input, gradOutput, lr)
        else:
            super().accUpdateGradParameters(input, gradOutput, lr)

    def _touched(self):
        """Return the columns of W in which gradWeight may not be zero: those of the one backward pass, or all."""
        if self.sparseUpdate == ONE and self.lastInput is not None and len(self.lastInput):
            return np.unique(self.lastInput[:, 1]).astype(np.int64) - 1
        return slice(None)

    def updateParameters(self, learningRate):
        columns = self._touched()
        self.weight[:, columns] -= learningRate * self.gradWeight[:, columns]
        self.bias -= learningRate * self.gradBias

    def zeroGradParameters(self):
        self.gradWeight[:, self._touched()] = 0
        self.gradBias.fill(0)
        self.sparseUpdate = NONE

    def write(self):
        return {**super().write(), 'sparseUpdate': NONE}  # for lastInput is left out
