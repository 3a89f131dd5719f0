"""Gradients of parameters that are repeated along an input: what comes back to each is the sum over its repetitions."""

import numpy as np

from nnlite.kernels.on_numpy.scratch import scratch_like
from nnlite.kernels.on_numpy.sums import sum_to


def CAdd_accGradParameters(gradOutput, gradBias, shape, scale):
    """GradBias += scale * gradOutput, summed over what the bias was repeated along.

    Shape is the bias's along the input: as many sizes as gradOutput has, 1 where it was repeated.
    """
    total = sum_to(gradOutput, shape).reshape(gradBias.shape)
    np.multiply(total, scale, out=total)
    np.add(gradBias, total, out=gradBias, casting='same_kind')


def CMul_accGradParameters(input, gradOutput, gradWeight, shape, scale):
    """GradWeight += scale * input * gradOutput, summed over what the weight was repeated along; shape as for CAdd."""
    product = np.multiply(input, gradOutput, out=scratch_like(input, 'product'))
    CAdd_accGradParameters(product, gradWeight, shape, scale)
