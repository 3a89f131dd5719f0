"""Batch normalization of features."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.arguments import flag, number, whole
from nnlite.nn.Module import Module
from nnlite.tensor.random import fill_uniform


class BatchNormalization(Module):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, for each feature.

    In training, mean and variance are the batch's, and running ones are kept: running = (1 - momentum) running +
    momentum batch's. In evaluation, and for a batch of one, the running ones are used.

    Args:
        nOutput: the number of features.
        eps: keeps the root away from zero, 1e-5 by default.
        momentum: how fast the running statistics move, 0.1 by default.
        affine: whether there are weight and bias; True by default.

    Shapes: input and output (N, nOutput), or (nOutput) in evaluation; weight, drawn uniformly from 0 to 1, and bias,
    zero: (nOutput).

    Raises:
        ShapeError: the input has other features.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.BatchNormalization(1, None, None, False).forward(np.float32([[1], [3]])).round(3)
    array([[-1.],
           [ 1.]], dtype=float32)

    Source: torch/nn, BatchNormalization.lua; Ioffe and Szegedy, "Batch Normalization", 2015.
    """

    nDim = 2
    version = 2
    cleared = (*Module.cleared, 'save_mean', 'save_std')
    foreign = ('buffer', 'buffer2', 'centered', 'std', 'normalized', '_input', '_gradOutput')

    def __init__(self, nOutput, eps=None, momentum=None, affine=None):
        super().__init__()
        if nOutput == 0:
            raise Error('expected a number of features, got 0', where='BatchNormalization', hint='affine comes fourth')
        self.affine = flag(self, 'affine', affine, True)
        self.eps = number(self, 'eps', eps, 1e-5)
        self.momentum = number(self, 'momentum', momentum, 0.1)
        self.train = True
        self.running_mean = np.zeros(whole(self, 'nOutput', nOutput, 1), self.dtype)
        self.running_var = np.ones(nOutput, self.dtype)
        if self.affine:
            self.weight, self.bias = np.empty_like(self.running_mean), np.empty_like(self.running_mean)
            self.gradWeight, self.gradBias = np.zeros_like(self.weight), np.zeros_like(self.bias)
        self.reset()

    def reset(self, stdv=None):
        if self.weight is not None:
            fill_uniform(self.weight, 0, 1)
        if self.bias is not None:
            self.bias.fill(0)
        self.running_mean.fill(0)
        self.running_var.fill(1)
        return self

    def _batch(self, array):
        return array[None] if array.ndim == self.nDim - 1 else array

    def _trains(self, batch):
        return self.train and len(batch) > 1

    def updateOutput(self, input):
        return self._normalise(input, self.kernels.BatchNormalization_updateOutput)

    def _normalise(self, input, kernel):
        """Do what updateOutput does, by a kernel that takes what BatchNormalization_updateOutput takes."""
        space = ('D', 'H', 'W')[5 - self.nDim :]
        self.expect(input, ('N', len(self.running_mean), *space), single=not self.train)
        batch = self._batch(input)
        output = self.buffer('output', batch.shape, like=input)
        self.save_mean = self.buffer('save_mean', self.running_mean.shape, like=input)
        self.save_std = self.buffer('save_std', self.running_var.shape, like=input)
        kernel(
            batch, output, self.weight, self.bias, self.running_mean, self.running_var, self.save_mean, self.save_std,
            self._trains(batch), self.momentum, self.eps,
        )  # fmt: skip
        self.output = output if batch is input else output[0]
        return self.output

    def updateGradInput(self, input, gradOutput):
        return self._back(input, gradOutput, 1, gradWeight=None, gradBias=None)

    def accGradParameters(self, input, gradOutput, scale=1):
        self._back(input, gradOutput, scale, self.gradWeight, self.gradBias, wants_gradInput=False)

    def backward(self, input, gradOutput, scale=1):
        return self._back(input, gradOutput, scale, self.gradWeight, self.gradBias)

    def _back(self, input, gradOutput, scale, gradWeight, gradBias, wants_gradInput=True, kernel=None):
        """Do what backward does, by BatchNormalization_backward or a kernel that takes what that takes."""
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        batch, wants_gradInput = self._batch(input), wants_gradInput and self.gradInput is not None
        gradInput = self.buffer('gradInput', batch.shape, like=input) if wants_gradInput else None
        kernel = kernel or self.kernels.BatchNormalization_backward
        kernel(
            batch, self._batch(gradOutput), gradInput, gradWeight, gradBias, self.weight, self.running_mean,
            self.running_var, self.save_mean, self.save_std, self._trains(batch), scale, self.eps,
        )  # fmt: skip
        if wants_gradInput:
            self.gradInput = gradInput if batch is input else gradInput[0]
        return self.gradInput

    def read(self, fields, version=1):
        super().read(fields, version)
        if version < 2 and 'running_std' in self.__dict__:  # files from before 2015 kept 1 / sqrt(var + eps)
            self.running_var = self.__dict__.pop('running_std') ** -2 - self.eps

    def __repr__(self):
        return f'nn.{type(self).__name__} ({self.nDim}D) ({len(self.running_mean)})'
