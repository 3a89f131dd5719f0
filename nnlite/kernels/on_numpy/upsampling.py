"""Nearest-neighbour up-sampling: every pixel becomes a square of equal ones."""

import numpy as np


def SpatialUpSamplingNearest_updateOutput(input, output, scale):
    """Output (N, C, H * scale, W * scale)[..., y, x] = input (N, C, H, W)[..., y // scale, x // scale]."""
    for row, column in np.ndindex(scale, scale):
        np.copyto(output[:, :, row::scale, column::scale], input)


def SpatialUpSamplingNearest_updateGradInput(gradOutput, gradInput, scale):
    """GradInput = the sum of gradOutput over each pixel's square."""
    gradInput.fill(0)
    for row, column in np.ndindex(scale, scale):
        np.add(gradInput, gradOutput[:, :, row::scale, column::scale], out=gradInput)
