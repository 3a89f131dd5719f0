"""Noise for layers that draw random numbers, from Torch's stream (nnlite.manualSeed)."""

from nnlite.tensor.random import fill_bernoulli, fill_normal, fill_uniform


def Bernoulli_fill(noise, probability):
    """Let each number of the noise be 1 with this probability, else 0."""
    fill_bernoulli(noise, probability)


def Uniform_fill(noise, least, most):
    """Draw each number of the noise from [least, most)."""
    fill_uniform(noise, least, most)


def Normal_fill(noise, mean, stdv):
    """Draw normal numbers with this mean and standard deviation."""
    fill_normal(noise, mean, stdv)
