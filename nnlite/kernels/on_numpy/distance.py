"""How far, or in what direction, vectors lie from each of several templates."""

import numpy as np

from nnlite.kernels.on_numpy.linear import Linear_accGradParameters, Linear_updateGradInput, Linear_updateOutput
from nnlite.kernels.on_numpy.reduction import DotProduct_updateOutput, Sum_updateOutput
from nnlite.kernels.on_numpy.scratch import scratch


def Cosine_updateOutput(input, output, weight):
    """Output (N, out) = the cosine of the angle between each row of input (N, in) and each of weight (out, in)."""
    Linear_updateOutput(input, output, weight, None)
    np.divide(output, _norms(weight, 'weight').T, out=output)
    np.divide(output, _norms(input, 'input'), out=output)


def Cosine_updateGradInput(input, output, gradOutput, gradInput, weight):
    """GradInput = (sum over out of gradOutput * (weight / |weight| - output * input / |input|)) / |input|."""
    norms = _norms(input, 'input')
    shares = scratch('shares', gradOutput.shape, gradOutput.dtype)
    np.divide(gradOutput, _norms(weight, 'weight').T, out=shares)
    Linear_updateGradInput(shares, gradInput, weight)
    total = scratch('total', norms.shape, norms.dtype)
    DotProduct_updateOutput(gradOutput, output, total)
    part = scratch('part', input.shape, input.dtype)
    np.multiply(input, np.divide(total, norms, out=total), out=part)
    np.subtract(gradInput, part, out=gradInput)
    np.divide(gradInput, norms, out=gradInput)


def Cosine_accGradParameters(input, output, gradOutput, gradWeight, weight, scale):
    """GradWeight += (sum over N of gradOutput * (scale * input / |input| - output * weight / |weight|)) / |weight|."""
    norms = _norms(weight, 'weight')
    shares = scratch('shares', gradOutput.shape, gradOutput.dtype)
    np.divide(gradOutput, norms.T, out=shares)
    np.divide(shares, _norms(input, 'input'), out=shares)
    Linear_accGradParameters(input, shares, gradWeight, None, scale)
    total = scratch('total', norms.shape, norms.dtype)
    DotProduct_updateOutput(gradOutput.T, output.T, total)
    np.divide(total, norms, out=total)
    part = scratch('part', weight.shape, weight.dtype)
    np.multiply(weight, np.divide(total, norms, out=total), out=part)
    np.subtract(gradWeight, part, out=gradWeight)


def _norms(rows, whose):
    """Return the norm of each row (N, 1), a little longer than it is, so that none is 0."""
    norms = scratch(f'norms of {whose}', (len(rows), 1), rows.dtype)
    DotProduct_updateOutput(rows, rows, norms)
    np.sqrt(norms, out=norms)
    return np.add(norms, 1e-12, out=norms)


def Euclidean_updateOutput(input, output, weight, diagCov):
    """Output (N, out) = |diagCov * (input - weight)|; input (N, in), weight (in, out), diagCov (in, out) or None."""
    differences = _weighted(_differences(input, weight), diagCov)
    np.multiply(differences, differences, out=differences)
    Sum_updateOutput(differences, output[:, None])
    np.sqrt(output, out=output)


def Euclidean_updateGradInput(input, output, gradOutput, gradInput, weight, diagCov):
    """GradInput = the sum over out of gradOutput * diagCov^2 * (input - weight) / output."""
    slopes = _slopes(input, output, gradOutput, weight)
    Sum_updateOutput(_weighted(_weighted(slopes, diagCov), diagCov), gradInput[..., None])


def Euclidean_accGradParameters(input, output, gradOutput, gradWeight, weight, diagCov, scale):
    """GradWeight -= scale * the sum over N of gradOutput * diagCov^2 * (input - weight) / output."""
    total = scratch('total', weight.shape, weight.dtype)
    Sum_updateOutput(_slopes(input, output, gradOutput, weight), total[None])
    np.multiply(_weighted(_weighted(total, diagCov), diagCov), scale, out=total)
    np.subtract(gradWeight, total, out=gradWeight)


def WeightedEuclidean_accGradDiagCov(input, output, gradOutput, gradDiagCov, weight, diagCov, scale):
    """GradDiagCov += scale * the sum over N of gradOutput * diagCov * (input - weight)^2 / output."""
    slopes = _slopes(input, output, gradOutput, weight)
    np.multiply(slopes, _differences(input, weight), out=slopes)
    total = scratch('total', weight.shape, weight.dtype)
    Sum_updateOutput(slopes, total[None])
    np.multiply(_weighted(total, diagCov), scale, out=total)
    np.add(gradDiagCov, total, out=gradDiagCov)


def _slopes(input, output, gradOutput, weight):
    """Return gradOutput * (input - weight) / output (N, in, out), with Torch's 1e-7 against an output of 0."""
    shares = scratch('shares', output.shape, output.dtype)
    np.divide(gradOutput, np.add(output, 1e-7, out=shares), out=shares)
    differences = _differences(input, weight)
    slopes = scratch('slopes', differences.shape, differences.dtype)
    return np.multiply(differences, shares[:, None], out=slopes)


def _differences(input, weight):
    """Return input - weight (N, in, out)."""
    differences = scratch('differences', (len(input), *weight.shape), weight.dtype)
    return np.subtract(input[..., None], weight, out=differences)


def _weighted(array, diagCov):
    return array if diagCov is None else np.multiply(array, diagCov, out=array)
