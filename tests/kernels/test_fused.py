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
    family().CAdd_updateOutput(first, second, output)
    np.testing.assert_array_equal(output, first + second)


def test_what_is_no_number_stays():
    """As in a ReLU in place: a training that went wrong is to be seen."""
    first = np.array([[np.nan, -1, 1]])
    output = np.empty_like(first)
    family().CAddReLU_updateOutput(first, np.zeros_like(first), output)
    np.testing.assert_array_equal(output, [[np.nan, 0, 1]])


# (N, planes, H, W), outputs, kernel, stride, padding: by Winograd's algorithm, whole tiles and ragged ones; directly
CONVOLUTIONS = [
    ((2, 16, 8, 8), 16, 3, 1, 1),
    ((3, 17, 9, 6), 20, 3, 1, 1),
    ((1, 40, 5, 13), 33, 3, 1, 0),
    ((2, 16, 9, 8), 32, 3, 2, 1),
    ((2, 3, 8, 8), 16, 3, 1, 1),
    ((1, 1, 1, 1), 1, 1, 1, 0),
]
each_convolution = pytest.mark.parametrize('case', CONVOLUTIONS, ids=str)


def convolution(case, dtype=np.float32):
    """Return (input, weight, bias, output, options) of a convolution; the output is undefined."""
    shape, outputs, kernel, stride, padding = case
    out = [(side + 2 * padding - kernel) // stride + 1 for side in shape[2:]]
    input, weight, bias = (
        drawn(s, seed, dtype) for seed, s in enumerate([shape, (outputs, shape[1], kernel, kernel), (outputs,)])
    )
    output = channels_last((shape[0], outputs, *out), dtype)
    return LAYOUTS['channels-last'](input), weight, bias, output, ((stride, stride), (padding, padding), (1, 1))


@each_convolution
@pytest.mark.parametrize('layout', ['none', 'channels-last', 'C order', 'with holes'])
def test_convolution_residual_and_relu(case, layout):
    input, weight, bias, output, options = convolution(case)
    kernels, plain = family(), np.empty_like(output)
    kernels.Convolution_updateOutput(input, plain, weight, bias, *options)
    residual = None if layout == 'none' else LAYOUTS[layout](drawn(output.shape, 9, np.float32))
    output.fill(np.nan)
    kernels.ConvolutionReLU_updateOutput(input, residual, output, weight, bias, *options)
    assert_close(output, np.maximum(plain if residual is None else plain + residual, 0), 1e-6, 'output')
    assert (output == 0).any() or output.size == 1


@each_convolution
@pytest.mark.parametrize('layout', ['channels-last', 'C order', 'with holes'])
def test_gradient_of_a_convolution_and_another_one(case, layout):
    input, weight, _, output, options = convolution(case)
    kernels, grads = family(), drawn(output.shape, 7, np.float32)
    gradInput, plain = (channels_last(input.shape, np.float32) for _ in range(2))
    kernels.Convolution_updateGradInput(grads, plain, weight, *options)
    added = LAYOUTS[layout](drawn(input.shape, 8, np.float32))
    gradInput.fill(np.nan)
    kernels.ConvolutionAdd_updateGradInput(grads, added, gradInput, weight, *options)
    assert_close(gradInput, plain + added, 1e-6, 'gradInput')


def test_what_is_no_number_stays_behind_a_convolution():
    input, weight, bias, output, options = convolution(CONVOLUTIONS[0])
    bias[3] = np.nan
    family().ConvolutionReLU_updateOutput(input, None, output, weight, bias, *options)
    assert np.isnan(output[:, 3]).all() and not np.isnan(np.delete(output, 3, 1)).any()


@each_convolution
@pytest.mark.parametrize('far', [0, 300], ids=['', 'far from zero'])
def test_moments_of_a_convolution(case, far):
    input, weight, bias, output, options = convolution(case)
    bias += far
    plain = np.empty_like(output)
    moments = family().ConvolutionMoments_updateOutput(input, output, weight, bias, *options)
    family().Convolution_updateOutput(input, plain, weight, bias, *options)
    np.testing.assert_array_equal(output, plain)
    if moments is None:
        return
    exact = output.astype(np.float64)
    mean, variance = exact.mean((0, 2, 3)), exact.var((0, 2, 3))
    count = output.size // output.shape[1]
    np.testing.assert_allclose(moments[0] / count, mean, rtol=1e-6, atol=1e-6 * np.sqrt(variance.max()))
    np.testing.assert_allclose(moments[1] / count - (moments[0] / count) ** 2, variance, rtol=2e-6)

    ours, expected = statistics(output.shape[1], np.float32, True), statistics(output.shape[1], np.float32, True)
    result, wanted = np.empty_like(output), np.empty_like(output)
    family().BatchNormalizationReLU_updateOutput(output, None, result, *ours, moments=moments)
    family().BatchNormalizationReLU_updateOutput(output, None, wanted, *expected)
    assert_close([result, *ours[:6]], [wanted, *expected[:6]], 3e-6, 'output and statistics')
