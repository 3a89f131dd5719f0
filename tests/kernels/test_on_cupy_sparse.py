"""Kernels for GPUs of sparse layers: sums over entries that name the same row, in the order of the entries."""

import numpy as np
import pytest
from against_numpy import agree

DTYPES = 'float64', 'float32', 'float16'


def entries(rng, dtype, count=23):
    """Return (samples, keys, values), many of the same key."""
    samples, keys = np.sort(rng.integers(4, size=count)), rng.integers(7, size=count)
    return samples, keys, rng.standard_normal(count).astype(dtype)


@pytest.mark.parametrize('lies', ['C', 'F'])
@pytest.mark.parametrize('columns', [1, 33, 300])
@pytest.mark.parametrize('dtype', DTYPES)
def test_sparse_linear(cupy, dtype, columns, lies):
    rng = np.random.default_rng(columns)
    weight = np.asarray(rng.standard_normal((7, columns)).astype(dtype), order=lies)
    bias, gradOutput = (rng.standard_normal(shape).astype(dtype) for shape in (columns, (4, columns)))
    for count in (23, 0):
        given = entries(rng, dtype, count)
        output = np.full((4, columns), 99, dtype)
        agree(cupy, 'SparseLinear_updateOutput', [*given, output, weight, bias], [3])
        grads = [np.asarray(np.ones_like(weight), order=lies), np.ones_like(bias)]
        agree(cupy, 'SparseLinear_accGradParameters', [*given, gradOutput, *grads], [4, 5], 0.5)


@pytest.mark.parametrize('train', [True, False])
@pytest.mark.parametrize('dtype', DTYPES)
def test_sizes_that_inputs_are_divided_by(cupy, dtype, train):
    rng = np.random.default_rng(0)
    _, keys, values = entries(rng, dtype)
    values[3], values[5] = np.nan, 0
    weight = np.abs(rng.standard_normal((7, 6))).astype(dtype)
    agree(cupy, 'IndexLinear_normalize', [keys, values, np.zeros_like(values), weight], [2, 3], train)


@pytest.mark.parametrize(('before', 'decay'), [(0, 0), (0, 0.1), (4, 0), (4, 0.1)])
@pytest.mark.parametrize('outputs', [1, 40])
def test_steps_of_rows(cupy, order, outputs, before, decay):
    rng = np.random.default_rng(outputs)
    dtype = DTYPES[(outputs + before) % 2]
    _, keys, _ = entries(rng, dtype)
    grads = rng.standard_normal((len(keys), outputs * (2 if before else 1))).astype(dtype)
    weight = rng.standard_normal((7, before + outputs)).astype(dtype)
    agree(cupy, 'IndexLinear_updateParameters', [keys, grads, weight], [2], before, 0.1, decay)
