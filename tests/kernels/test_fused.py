"""Kernels that do the work of several modules in one: the same as these one after the other."""

import numpy as np
import pytest
from copies import LAYOUTS
from trees import assert_close, drawn

from nnlite.kernels import family

pytestmark = pytest.mark.usefixtures('kernels')

SHAPES = [(6, 5), (2, 1, 1, 1), (3, 16, 5, 7), (4, 70, 3, 2), (2, 3, 4, 5, 6)]


def channels_last(shape, dtype):
    return LAYOUTS['channels-last'](np.empty(shape, dtype))


def statistics(planes, dtype, train):
    """Return weight, bias, the four statistics, and what comes after them."""
    weight, bias, mean, saved_mean, saved_std = (drawn((planes,), seed, dtype) for seed in range(5))
    variance = drawn((planes,), 5, dtype, 0.5, 2)
    return [weight, bias, mean, variance, saved_mean, saved_std, train, 0.1, 1e-5]


@pytest.mark.parametrize('train', [True, False], ids=['training', 'evaluate'])
@pytest.mark.parametrize('with_residual', [False, True], ids=['', 'residual'])
@pytest.mark.parametrize('shape', SHAPES, ids=str)
@pytest.mark.parametrize('layout', ['channels-last', 'C order', 'with holes'])
@pytest.mark.parametrize(('dtype', 'tolerance'), [(np.float64, 1e-13), (np.float32, 3e-6)])
def test_normalization_and_relu(train, with_residual, shape, layout, dtype, tolerance):
    input, residual, gradOutput = (LAYOUTS[layout](drawn(shape, seed, dtype)) for seed in (11, 12, 13))
    ours, expected = statistics(shape[1], dtype, train), statistics(shape[1], dtype, train)
    kernels, output, plain = family(), channels_last(shape, dtype), channels_last(shape, dtype)
    kernels.BatchNormalization_updateOutput(input, plain, *expected)
    plain += residual if with_residual else 0
    plain = np.maximum(plain, 0)
    kernels.BatchNormalizationReLU_updateOutput(input, residual if with_residual else None, output, *ours)
    assert_close([output, *ours[:6]], [plain, *expected[:6]], tolerance, 'output and statistics')

    weight, _, *saved = ours[:6]
    results = [channels_last(shape, dtype), np.ones(shape[1], dtype), np.zeros(shape[1], dtype)]
    wanted = [channels_last(shape, dtype), np.ones(shape[1], dtype), np.zeros(shape[1], dtype)]
    masked = gradOutput * (output > 0)
    kernels.BatchNormalization_backward(input, masked, *wanted, weight, *saved, train, 0.5, 1e-5)
    gradSum = channels_last(shape, dtype)
    kernels.BatchNormalizationReLU_backward(
        input, output, gradOutput, gradSum, *results, weight, *saved, train, 0.5, 1e-5
    )
    assert_close([gradSum, *results], [masked, *wanted], tolerance, 'gradients')
    kernels.BatchNormalizationReLU_backward(
        input, output, gradOutput, gradOutput, results[0], None, None, weight, *saved, train, 0.5, 1e-5
    )
    assert_close([gradOutput, results[0]], [masked, wanted[0]], tolerance, 'gradients in place')


@pytest.mark.parametrize('shape', SHAPES, ids=str)
@pytest.mark.parametrize('layout', ['channels-last', 'C order', 'with holes'])
def test_sum_and_relu(shape, layout):
    first, second = (LAYOUTS[layout](drawn(shape, seed, np.float32)) for seed in (1, 2))
    output = channels_last(shape, np.float32)
    family().CAddReLU_updateOutput(first, second, output)
    np.testing.assert_array_equal(output, np.maximum(first + second, 0))


def test_what_is_no_number_stays():
    """As in a ReLU in place: a training that went wrong is to be seen."""
    first = np.array([[np.nan, -1, 1]])
    output = np.empty_like(first)
    family().CAddReLU_updateOutput(first, np.zeros_like(first), output)
    np.testing.assert_array_equal(output, [[np.nan, 0, 1]])
