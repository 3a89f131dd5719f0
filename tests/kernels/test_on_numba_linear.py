"""Compiled products of a Linear, against NumPy's in float64 over ragged shapes."""

import numpy as np
import pytest

import nnlite
from nnlite.kernels import on_numpy

pytest.importorskip('numba')
on_numba = pytest.importorskip('nnlite.kernels.on_numba', exc_type=nnlite.DeviceError)

BOUND = 1e-6  # relative to a result's size (Euclidean norm)


@pytest.fixture
def many(monkeypatch):
    """Any number of weights is many, and any input small enough."""
    monkeypatch.setattr(on_numba.linear, '_are_ours', lambda *arrays: True)


def case(seed, examples=None):
    """Return (input, weight, bias, gradOutput), random."""
    rng = np.random.default_rng(seed)
    shape = examples or int(rng.integers(16, 90)), int(rng.integers(1, 1100)), int(rng.integers(16, 90))
    sizes = shape[:2], shape[:0:-1], shape[2:], shape[::2]
    return [rng.standard_normal(size).astype(np.float32) for size in sizes]


def computed(kernels, input, weight, bias, gradOutput, scale=0.5):
    """Return (output, gradWeight, gradBias); the gradients are added to ones."""
    output = np.full_like(gradOutput, np.nan)
    kernels.Linear_updateOutput(input, output, weight, bias)
    grads = np.ones_like(weight), np.ones_like(bias)
    kernels.Linear_accGradParameters(input, gradOutput, *grads, scale)
    return output, *grads


@pytest.mark.parametrize('seed', range(20))
def test_any_sizes(seed, many):
    nnlite.setnumthreads(1 + seed % 4)
    given, scale = case(seed), (1, 0.5)[seed % 2]
    exact = computed(on_numpy, *(array.astype(np.float64) for array in given), scale)
    for mine, other in zip(computed(on_numba, *given, scale), exact, strict=True):
        assert np.linalg.norm(mine - other) <= BOUND * np.linalg.norm(other)


def test_without_bias(many):
    input, weight, bias, gradOutput = case(1)
    output, gradWeight, _ = computed(on_numba, input, weight, 0 * bias, gradOutput)
    mine, gradient = np.empty_like(output), np.ones_like(weight)
    on_numba.Linear_updateOutput(input, mine, weight, None)
    on_numba.Linear_accGradParameters(input, gradOutput, gradient, None, 0.5)
    np.testing.assert_array_equal(mine, output)
    np.testing.assert_array_equal(gradient, gradWeight)


def test_bits_are_the_same_by_any_number_of_threads(many):
    given, results = case(2), []
    for threads in (1, 2, 3, 1):
        nnlite.setnumthreads(threads)
        results.append(computed(on_numba, *given))
    for other in results[1:]:
        for mine, first in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(mine, first)


def test_large_layers_go_this_way(monkeypatch):
    """Not few weights, few examples, large inputs, other numbers, and weights that lie otherwise."""
    kernels = []
    monkeypatch.setattr(on_numba.linear, 'run', lambda kernel, *args: kernels.append(kernel))
    small, large = (64, 512), (512, 512)
    for weight, examples, dtype, way in (
        (large, 16, 'f4', 2),
        (small, 16, 'f4', 0),
        (large, 15, 'f4', 0),
        (large, 513, 'f4', 0),
        (large, 16, 'f8', 0),
    ):
        kernels.clear()
        arrays = (np.ones(shape, dtype) for shape in ((examples, weight[1]), weight, weight[:1], (examples, weight[0])))
        computed(on_numba, *arrays)
        assert len(kernels) == way, (weight, examples, dtype)
    kernels.clear()
    on_numba.Linear_updateOutput(np.ones((16, 512), 'f4'), np.empty((16, 512), 'f4'), np.ones(large, 'f4').T, None)
    assert not kernels
