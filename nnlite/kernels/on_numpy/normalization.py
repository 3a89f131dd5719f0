"""Batch normalization: every channel to mean 0 and variance 1 over the batch and all pixels, then scaled and shifted.

Maps lie channels-last, so a batch is a matrix with a row for each pixel and a column for each channel. The passes run
over blocks of rows that the cache holds, shared out among the threads. Few channels would make NumPy's innermost loops
short: there, several rows are read as one long one, and each channel's constants are repeated to match (`_Rows`).
"""

import numpy as np

from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.kernels.on_numpy.sums import sum_of_rows
from nnlite.kernels.on_numpy.transfer import Threshold_updateGradInput
from nnlite.tensor.threads import share_out

BLOCK = 1 << 18  # elements in a block, at most: with smaller ones threads wait for the interpreter
LONG = 256  # a row is to have this many elements


def BatchNormalization_updateOutput(
    input, output, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps, moments=None
):
    """Output = (input - mean) / sqrt(var + eps) * weight + bias, for each channel.

    In training, mean and var are the batch's, and the running ones move towards them: running = (1 - momentum) running
    + momentum batch's, with the variance over n - 1. Else the running ones are used. save_mean and save_std keep mean
    and 1 / sqrt(var + eps) for the backward pass. Moments are what ConvolutionMoments_updateOutput returned, if the
    input comes from there: in other families it saves a pass.

    Shapes: input, output (N, C) or (N, C, *space), output channels-last; weight and bias (C) or None; the others (C).
    """
    statistics = running_mean, running_var, save_mean, save_std, train, momentum, eps
    _normalise(_Rows(input, 'input'), _Rows(output, 'output'), weight, bias, *statistics)


def BatchNormalizationReLU_updateOutput(
    input, residual, output, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps,
    moments=None,
):  # fmt: skip
    """Output = max(0, BatchNormalization_updateOutput's + residual), in one pass; NaN stays, as in a ReLU in place.

    Shapes: as in BatchNormalization_updateOutput; residual like input, or None for zero.
    """
    y, added = _Rows(output, 'output'), None if residual is None else _Rows(residual, 'residual')

    def add_and_rectify(block):
        part = y.long[block]
        if added is not None:
            np.add(part, added.long[block], out=part)
        np.maximum(part, 0, out=part)

    statistics = running_mean, running_var, save_mean, save_std, train, momentum, eps
    _normalise(_Rows(input, 'input'), y, weight, bias, *statistics, finish=add_and_rectify)


def _normalise(
    x, y, weight, bias, running_mean, running_var, save_mean, save_std, train, momentum, eps, finish=lambda block: None
):
    """Do what BatchNormalization_updateOutput says, and finish(block) with each block of y while the cache holds it."""
    if train:
        mean = _sums(x, lambda block: [x.long[block]], 1)[0] / len(x.matrix)
        save_mean[...] = mean
        long_mean = x.repeated(save_mean)

        def squares(block):
            centred = _centred(x.long[block], long_mean)
            return [np.multiply(centred, centred, out=centred)]

        variance = _sums(x, squares, 1)[0]
        save_std[...] = 1 / np.sqrt(variance / len(x.matrix) + eps)
        running_mean[...] = momentum * mean + (1 - momentum) * running_mean
        running_var[...] = momentum * (variance / (len(x.matrix) - 1)) + (1 - momentum) * running_var
    else:
        save_mean[...] = running_mean
        save_std[...] = 1 / np.sqrt(running_var.astype(np.float64) + eps)
    slope = x.repeated(save_std if weight is None else save_std * weight)
    mean, shift = x.repeated(save_mean), None if bias is None else x.repeated(bias)

    def work(_, part):
        for block in x.blocks(part):
            out = y.long[block]
            np.subtract(x.long[block], mean, out=out)
            np.multiply(out, slope, out=out)
            if shift is not None:
                np.add(out, shift, out=out)
            finish(block)

    share_out(work, len(x.long))


def BatchNormalization_fold(layer_weight, layer_bias, weight, bias, running_mean, running_var, eps, number=0):
    """Return the weight and the bias of a layer that does, in evaluation, what one and a batch normalization do.

    slope = weight / sqrt(running_var + eps), for each output; then these are layer_weight * slope and
    (layer_bias - running_mean) * slope + bias.

    Shapes: layer_weight (outputs, ...); layer_bias, weight and bias (outputs) or None; the others (outputs).

    Returns:
        scratch memory: another for each number, for layers that are folded at the same time.
    """
    slope = 1 / np.sqrt(running_var.astype(np.float64) + eps)
    slope = slope if weight is None else slope * weight
    shift = -running_mean if layer_bias is None else layer_bias - running_mean
    shift = shift * slope if bias is None else shift * slope + bias
    factors = slope.astype(layer_weight.dtype).reshape(-1, *[1] * (layer_weight.ndim - 1))
    folded = scratch(f'folded weight {number}', layer_weight.shape, layer_weight.dtype)
    np.multiply(layer_weight, factors, out=folded)
    return folded, shift.astype(layer_weight.dtype)


def BatchNormalization_backward(
    input, gradOutput, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std, train,
    scale, eps,
):  # fmt: skip
    """Write gradInput and add scale times the parameters' gradients to gradWeight and gradBias; each may be None.

    With the normalised input xhat and g = gradOutput, for each channel over n pixels:
        gradWeight = sum(g xhat), gradBias = sum(g),
        gradInput = weight / sqrt(var + eps) * (g - sum(g) / n - xhat sum(g xhat) / n) in training,
        gradInput = weight / sqrt(running_var + eps) * g else.

    Shapes: as in BatchNormalization_updateOutput; gradInput channels-last.
    """
    rest = gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std, train, scale, eps
    _hand_back(_Rows(input, 'input'), _Rows(gradOutput, 'gradOutput'), *rest)


def BatchNormalizationReLU_backward(
    input, output, gradOutput, gradSum, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean,
    save_std, train, scale, eps, bias=None,
):  # fmt: skip
    """Write gradSum = gradOutput where output > 0, else 0, and do for it what BatchNormalization_backward does.

    It is the gradient of the sum that the ReLU is of, and so the residual's, too. It may lie where gradOutput does; if
    it is None nobody wants it, and gradOutput's place may be used. Then there is no residual: the output is what the
    normalization, with this bias, makes of the input, and may be found again rather than read.

    Shapes: as in BatchNormalization_backward; output channels-last, gradSum in memory like gradOutput.
    """
    gradSum = gradOutput if gradSum is None else gradSum
    rest = gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std, train, scale, eps
    if not np.moveaxis(gradSum, 1, -1).flags.c_contiguous:
        Threshold_updateGradInput(output, gradOutput, gradSum, 0)
        BatchNormalization_backward(input, gradSum, *rest)
        return
    y, grads, g = _Rows(output, 'output'), _Rows(gradOutput, 'gradOutput'), _Rows(gradSum, 'gradSum')
    inplace = gradSum is gradOutput

    def rectify(block):
        part = g.long[block]
        Threshold_updateGradInput(y.long[block], part if inplace else grads.long[block], part, 0)

    _hand_back(_Rows(input, 'input'), g, *rest, prepare=rectify)


def _hand_back(
    x, g, gradInput, gradWeight, gradBias, weight, running_mean, running_var, save_mean, save_std, train, scale, eps,
    prepare=lambda block: None,
):  # fmt: skip
    """Do what BatchNormalization_backward says, after prepare(block) for each block of the gradients g."""
    mean, std = (save_mean, save_std) if train else (running_mean, 1 / np.sqrt(running_var.astype(np.float64) + eps))
    std, long_mean = std.astype(x.matrix.dtype), x.repeated(mean)

    def products(block):
        prepare(block)
        centred = _centred(x.long[block], long_mean)
        return g.long[block], np.multiply(centred, g.long[block], out=centred)

    sum_g, dot = _sums(x, products, 2)
    if gradInput is not None:
        slope = std if weight is None else std * weight
        long_slope = x.repeated(slope)
        per_x, per_batch = x.repeated(dot / len(x.matrix) * std * std), x.repeated(sum_g / len(x.matrix))
        result = _Rows(gradInput, 'gradInput')

        def work(_, part):
            for block in x.blocks(part):
                out = result.long[block]
                if train:
                    np.subtract(x.long[block], long_mean, out=out)
                    np.multiply(out, per_x, out=out)
                    np.subtract(g.long[block], out, out=out)
                    np.subtract(out, per_batch, out=out)
                    np.multiply(out, long_slope, out=out)
                else:
                    np.multiply(g.long[block], long_slope, out=out)

        share_out(work, len(x.long))
    if gradWeight is not None:
        gradWeight += scale * dot * std
    if gradBias is not None:
        gradBias += scale * sum_g


class _Rows:
    """A batch (N, C, *space) as a matrix (pixels, C), and as `long` rows of at least LONG elements where that works."""

    def __init__(self, batch, purpose):
        rolled = channels_last(batch, purpose)
        self.channels = rolled.shape[-1]
        self.matrix = rolled.reshape(-1, self.channels)
        self.times = max(1, LONG // self.channels)
        while len(self.matrix) % self.times:
            self.times -= 1
        self.long = self.matrix.reshape(-1, self.channels * self.times)

    def blocks(self, part):
        """Yield slices of the long rows of a part of them, in which the cache holds what is done."""
        step = max(1, BLOCK // self.long.shape[1])
        for first in range(part.start, part.stop, step):
            yield slice(first, min(part.stop, first + step))

    def repeated(self, values):
        """Return a value for each channel as values for a long row."""
        return np.tile(values.astype(self.matrix.dtype, copy=False), self.times)


def _centred(part, mean):
    """Return some long rows less the mean, in scratch memory."""
    return np.subtract(part, mean, out=scratch('centred', part.shape, part.dtype))


def _sums(x, terms, count):
    """Return, for each channel and in float64, the sums over all rows of so many arrays that terms(block) returns."""
    totals = {}

    def work(number, part):
        total = totals[number] = np.zeros((count, x.long.shape[1]))
        for block in x.blocks(part):
            for row, term in zip(total, terms(block), strict=True):
                row += sum_of_rows(term)

    share_out(work, len(x.long))
    long = sum(totals[number] for number in range(len(totals)))
    return long.reshape(count, x.times, x.channels).sum(axis=1)
