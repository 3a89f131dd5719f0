"""Sums over very many rows by CUDA's kernels: exact to the last digits, in whatever order an array lies."""

import numpy as np
import pytest

from nnlite.kernels import on_cupy
from nnlite.kernels.on_cupy import sums
from nnlite.kernels.on_numpy.sums import sum_of_rows, sum_to
from nnlite.tensor.devices import on_gpu

DTYPES = [np.float32, np.float64, np.float16]
SHAPES = [(0, 3), (1, 1), (1, 70), (1000, 3), (317, 16), (64, 37), (2000, 1), (9, 264)]


def drawn(shape, dtype, seed=1):
    return (30 + np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_sum_of_rows(cupy, order, shape, dtype):
    matrix = drawn(shape, dtype)
    total = on_gpu(sum_of_rows)(cupy.asarray(matrix))
    assert total.dtype == np.float64
    np.testing.assert_allclose(total.get(), matrix.sum(0, np.float64), rtol=1e-14)


def test_few_blocks_take_many_rows(cupy, order, monkeypatch):
    monkeypatch.setattr(sums, 'SUMMING', 2)
    matrix = drawn((5000, 12), np.float32)
    np.testing.assert_allclose(on_gpu(sum_of_rows)(cupy.asarray(matrix)).get(), matrix.sum(0, np.float64), rtol=1e-14)


def test_rows_with_gaps(cupy):
    matrix = drawn((50, 12), np.float32)
    total = on_gpu(sum_of_rows)(cupy.asarray(matrix)[:, ::2])
    np.testing.assert_allclose(total.get(), matrix[:, ::2].sum(0, np.float64), rtol=1e-14)


@pytest.mark.parametrize('channels_last', [False, True])
@pytest.mark.parametrize('shape', [(1, 5, 1, 1), (1, 5, 6, 7), (1, 1, 1, 1), (4, 1, 6, 7), (4, 5, 6, 7), (1, 5, 1, 7)])
def test_sum_to(cupy, shape, channels_last):
    host = drawn((4, 5, 6, 7), np.float32)
    array = cupy.asarray(host)
    if channels_last:
        array = np.moveaxis(cupy.asarray(np.moveaxis(host, 1, -1).copy()), -1, 1)
    total = on_gpu(sum_to)(array, shape)
    assert total.shape == shape
    np.testing.assert_allclose(total.get(), sum_to(host, shape), rtol=1e-14)


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('stride', [1, 2])
def test_bias_of_a_convolution(cupy, dtype, stride):
    grads, before = drawn((3, 20, 5, 4), dtype), drawn((40,), dtype, 2)
    gradBias = cupy.asarray(before)
    on_cupy.Convolution_accGradBias(cupy.asarray(grads), gradBias[: 20 * stride : stride], -0.5)
    expected = before.copy()
    expected[: 20 * stride : stride] += (-0.5 * grads.sum((0, 2, 3), np.float64)).astype(dtype)
    np.testing.assert_allclose(gradBias.get(), expected, rtol=2e-3 if dtype == np.float16 else 1e-6)


@pytest.mark.parametrize('shape', [(1, 6, 1, 1), (1, 6, 4, 3), (1, 1, 1, 1)])
def test_parameters_that_are_repeated_along_an_input(cupy, shape):
    """CMul's, and through it CAdd's and PReLU's, are sums of this kind."""
    input, grads = drawn((2, 6, 4, 3), np.float32), drawn((2, 6, 4, 3), np.float32, 2)
    gradWeight = cupy.ones(shape, np.float32)
    on_cupy.CMul_accGradParameters(cupy.asarray(input), cupy.asarray(grads), gradWeight, shape, 0.5)
    axes = tuple(axis for axis in range(4) if shape[axis] == 1)
    expected = 1 + 0.5 * (input * grads).sum(axes, np.float64, keepdims=True)
    np.testing.assert_allclose(gradWeight.get(), expected, rtol=1e-6)
