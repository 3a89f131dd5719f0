"""The fully connected layer for very many inputs of which few are not zero, given as keys and values."""

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.nn.arguments import sizes, whole
from nnlite.nn.indices import from_zero
from nnlite.nn.initial import bound
from nnlite.nn.Module import Module
from nnlite.tensor.devices import is_array, to_host
from nnlite.tensor.random import fill_uniform


class IndexLinear(Module):
    """y = W^T x + b, for an x that is given by keys, which number its elements, and their values.

    The gradient of W is kept as rows for the keys that were seen, in `running`, until updateParameters takes the step
    or zeroGradParameters forgets it; getParameters has no use for that.

    Args:
        inputSize: the number of inputs.
        outputSize: the number of outputs.
        doGradInput: whether backward computes gradInput, with a value for each input; False by default.
        keysOffset: what is added to a key, to count from 1: 0 by default.
        weight, bias: parameters to use as they are; new ones, which begin as 0, by default.
        normalize: whether a value is first divided by the largest size that it had so far, and moved by a learned
            shift. Four columns in front of W keep, for each input, that size, its inverse, a rate by which its steps
            are multiplied, and the shift.

    Attributes:
        weightDecay: 0; what part of itself a row of W loses in a step.

    Shapes: input [keys (entries), values (entries)], for one sample; [a table of keys, a table of values], for a batch;
    or [keys, values, sizes (N)], a batch in one row, with as many entries for each sample as sizes say. Output
    (outputSize) or (N, outputSize). weight (inputSize, outputSize), with normalize (inputSize, 4 + outputSize).

    Raises:
        ShapeError: an input that is not of these shapes.
        DataError: a key that is not one of 1 to inputSize.
        Error: gradInput was asked for with normalize.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.IndexLinear(1000, 3).forward([np.array([7, 940]), np.float32([0.5, -2])]).shape
    (3,)

    Source: torch/nn, IndexLinear.lua.
    """

    cleared = (
        *Module.cleared, 'normalizedValues', 'valuesBuffer', 'gradWeightBuffer', 'sizesCache', 'cumSumSizesCache',
    )  # fmt: skip
    foreign = (
        'keys', 'values', 'sizes', 'cumSumSizes', 'lkeys', 'lvalues', 'zerokeys', 'updateKeys', 'updateKeysBuffer',
        'isFlat', 'noBatch',
    )  # fmt: skip
    weightDecay = 0

    def __init__(
        self, inputSize, outputSize, doGradInput=None, keysOffset=None, weight=None, bias=None, normalize=None
    ):
        super().__init__()
        self.normalize = 4 if normalize else 0
        if weight is None:
            inputSize, outputSize = sizes(self, inputSize=inputSize, outputSize=outputSize)
        self.weight = np.zeros((inputSize, outputSize + self.normalize), self.dtype) if weight is None else weight
        self.bias = np.zeros(outputSize, self.dtype) if bias is None else bias
        self.expect(self.weight, ('inputs', 'outputs'), 'weight')
        self.inputSize, self.outputSize = self.weight.shape[0], self.weight.shape[1] - self.normalize
        self.expect(self.bias, (self.outputSize,), 'bias')
        self.gradWeight = np.empty(0, self.dtype)
        self.gradBias = np.zeros(self.outputSize, self.dtype)
        self.gradWeightBuffer = self.valuesBuffer = self.normalizedValues = np.empty(0, self.dtype)
        self.sizesCache = self.cumSumSizesCache = []
        self.weightDecay = 0
        self.doGradInput = bool(doGradInput)
        self.offset = -1 if keysOffset is None else whole(self, 'keysOffset', keysOffset) - 1
        self._forget()

    def _forget(self):
        self.running = {'cumSumSizes': [], 'keys': [], 'gradWeight': [], 'counter': 1}

    def reset(self, stdv=None):
        limit = bound(stdv, self.weight.shape[1])
        fill_uniform(self.weight, -limit, limit)
        fill_uniform(self.bias, -limit, limit)
        self.bias *= 1e-6
        self.weight[:, : self.normalize] = 0
        return self

    def _entries(self, input):
        """Return each entry's sample, row of the weight and value, and how many entries each sample has."""
        self.expect_table(input, 3 if isinstance(input, list) and len(input) == 3 else 2)
        keys, values = input[:2]
        if not isinstance(keys, list):
            keys, values = [keys], [values]
        self.expect_table(values, len(keys), 'values')
        for key, value in zip(keys, values, strict=True):
            self.expect(value, ('entries',), 'values')
            if np.shape(key) != value.shape:
                raise ShapeError(f'expected keys {value.shape}, got {np.shape(key)}', where=self._name())
        sizes = np.array([len(key) for key in keys] if len(input) == 2 else to_host(input[2]), np.int64, ndmin=1)
        rows = np.add(np.concatenate(keys), self.offset + 1, dtype=np.float64)
        if sizes.sum() != len(rows):
            raise ShapeError(f'expected sizes of {len(rows)} entries together, got {sizes.sum()}', where=self._name())
        rows = from_zero(self, rows, self.inputSize, 'keys')
        return self.placed(np.repeat(np.arange(len(sizes)), sizes)), rows, np.concatenate(values), sizes

    def updateOutput(self, input):
        samples, rows, values, sizes = self._entries(input)
        if self.normalize:
            self.normalizedValues = self.buffer('normalizedValues', values.shape, like=values)
            self.kernels.IndexLinear_normalize(rows, values, self.normalizedValues, self.weight, self.train)
            values = self.normalizedValues
        output = self.buffer('output', (len(sizes), self.outputSize), like=values)
        weight = self.weight[:, self.normalize :]
        self.kernels.SparseLinear_updateOutput(samples, rows, values, output, weight, self.bias)
        self.output = output[0] if is_array(input[0]) and len(input) == 2 else output
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = []
        if not self.doGradInput:
            return self.gradInput
        if self.normalize:
            raise Error('expected no doGradInput with normalize, got both', where=self._name())
        gradOutput = np.atleast_2d(gradOutput)
        shape = len(gradOutput), self.inputSize
        keys = self.buffer('gradInput.keys', shape, like=gradOutput, dtype=np.int64)
        values = self.buffer('gradInput', shape, like=gradOutput)
        keys[...] = self.xp.arange(1, self.inputSize + 1)
        self.kernels.Linear_updateGradInput(gradOutput, values, self.weight.T)
        if len(input) == 3:
            self.gradInput = [keys, values]
        elif is_array(input[0]):
            self.gradInput = [keys[0], values[0]]
        else:
            self.gradInput = [list(keys), list(values)]
        return self.gradInput

    def _gradient(self, input, gradOutput, name, scale):
        """Return each entry's row of the weight, its gradient, that of the bias, and the sizes.

        With normalize, a row's gradient is preceded by the part of it that comes before the value: gradOutput's.
        """
        samples, rows, values, sizes = self._entries(input)
        gradOutput = np.atleast_2d(gradOutput) * scale
        grads = self.buffer(name, (len(rows), self.outputSize * (2 if self.normalize else 1)), like=gradOutput)
        if self.normalize:
            values = self.normalizedValues
            grads[:, : self.outputSize] = gradOutput[samples]
        np.multiply(gradOutput[samples], values[:, None], out=grads[:, -self.outputSize :])
        return rows, grads, gradOutput.sum(axis=0), sizes

    def accGradParameters(self, input, gradOutput, scale=1):
        name = f'running.{self.running["counter"]}'
        rows, grads, gradBias, sizes = self._gradient(input, gradOutput, name, scale)
        self.running['keys'].append(rows - self.offset)
        self.running['gradWeight'].append(grads)
        self.running['cumSumSizes'].append(np.cumsum(sizes))
        self.running['counter'] += 1
        self.gradBias += gradBias

    def accUpdateGradParameters(self, input, gradOutput, lr):
        rows, grads, gradBias, _ = self._gradient(input, gradOutput, 'step', 1)
        self.bias -= lr * gradBias
        self._step(rows, grads, lr)

    def _step(self, rows, grads, learningRate):
        self.kernels.IndexLinear_updateParameters(
            rows, grads, self.weight, self.normalize, learningRate, self.weightDecay
        )

    def updateParameters(self, learningRate):
        self.bias -= learningRate * self.gradBias
        for keys, grads in zip(self.running['keys'], self.running['gradWeight'], strict=True):
            self._step(keys + self.offset, grads, learningRate)

    def zeroGradParameters(self):
        self.gradBias.fill(0)
        self._forget()

    def parameters(self):
        return [self.weight, self.bias], [self.running, self.gradBias]

    def clearState(self):
        self._forget()
        return super().clearState()

    def read(self, fields, version=1):
        super().read(fields, version)
        count = self.running['counter'] - 1  # behind them may stand what zeroGradParameters has left, for its memory
        kept = {name: self.running[name][:count] for name in ('cumSumSizes', 'keys', 'gradWeight')}
        self.running = {**kept, 'counter': min(map(len, kept.values())) + 1}
