"""Compiled batch normalization against NumPy's in float64 over ragged shapes."""

import numpy as np
import pytest

import nnlite
from nnlite.kernels import on_numpy
from nnlite.tensor.storage import Storage

pytest.importorskip('numba')
on_numba = pytest.importorskip('nnlite.kernels.on_numba', exc_type=nnlite.DeviceError)
simd = pytest.importorskip('nnlite.kernels.on_numba.simd')

# Relative to a result's size (Euclidean norm). Numbers a few deviations from zero lose as many eps (6e-8) when the mean
# is taken away, which is rounded; the sums round less. 1.6e-7 is the most that was seen, and twice that is allowed.
BOUND = 4e-7


def maps(shape, dtype=np.float32):
    return Storage().view(shape, dtype, 'map')


def case(seed, affine=True):
    """Return (input, gradOutput, weight, bias, running_mean, running_var), random, the maps channels-last."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(8, 13), rng.integers(1, 71), *rng.integers(1, 21, rng.integers(0, 4))[:2]
    input, gradOutput = maps(shape), maps(shape)
    input[...] = 2 + rng.standard_normal(shape)
    gradOutput[...] = input / 2 + rng.standard_normal(shape)  # no sum of these cancels, with or without the input
    vectors = [rng.uniform(0.5, 1.5, shape[1]).astype(np.float32) for _ in range(4)]
    if not affine:
        vectors[:2] = None, None
    return input, gradOutput, *vectors


def computed(kernels, input, gradOutput, weight, bias, *running, train=True, residual=None):
    """Return all that comes out, forward and back; the gradients are added to ones, halved.

    With a residual that is added, and a ReLU: then gradOutput becomes the sum's gradient.
    """
    dtype, running = input.dtype, [array.copy() for array in running]
    save_mean, save_std, gradWeight, gradBias = np.ones((4, *running[0].shape), dtype)
    output, gradInput = maps(input.shape, dtype), maps(input.shape, dtype)
    output.fill(np.nan)
    gradInput.fill(np.nan)
    statistics, grads = (*running, save_mean, save_std, train), (gradInput, gradWeight, gradBias)
    if residual is None:
        kernels.BatchNormalization_updateOutput(input, output, weight, bias, *statistics, 0.3, 1e-5)
        kernels.BatchNormalization_backward(input, gradOutput, *grads, weight, *statistics, 0.5, 1e-5)
    else:
        kernels.BatchNormalizationReLU_updateOutput(input, residual, output, weight, bias, *statistics, 0.3, 1e-5)
        kernels.BatchNormalizationReLU_backward(
            input, output, gradOutput, gradOutput, *grads, weight, *statistics, 0.5, 1e-5
        )  # fmt: skip
    return [output, *running, save_mean, save_std, *grads]


def in_float64(arrays):
    return [array if array is None else array.astype(np.float64, order='K') for array in arrays]


def expect_close(results, exact):
    for mine, other in zip(results, exact, strict=True):
        assert np.linalg.norm(mine - other) <= BOUND * np.linalg.norm(other)


@pytest.mark.parametrize('train', [True, False], ids=['training', 'evaluation'])
@pytest.mark.parametrize('seed', range(30))
def test_any_shape(seed, train):
    nnlite.setnumthreads(1 + seed % 4)
    given = case(seed, affine=seed % 5 > 0)
    expect_close(computed(on_numba, *given, train=train), computed(on_numpy, *in_float64(given), train=train))


@pytest.mark.parametrize('train', [True, False], ids=['training', 'evaluation'])
@pytest.mark.parametrize('seed', range(30))
def test_any_shape_with_residual_and_relu(seed, train):
    nnlite.setnumthreads(1 + seed % 4)
    given = input, gradOutput, *_ = case(seed, affine=seed % 5 > 0)
    residual, gradient = (input - gradOutput).copy('K'), gradOutput.copy('K')
    results = computed(on_numba, *given, train=train, residual=residual)
    np.testing.assert_array_equal(gradOutput, np.where(results[0] > 0, gradient, 0))
    exact = computed(on_numpy, *in_float64(given), train=train)  # of what the ReLU let pass here
    exact[0] = np.maximum(exact[0] + residual, 0)
    expect_close(results, exact)


@pytest.mark.parametrize('train', [True, False], ids=['training', 'evaluation'])
@pytest.mark.parametrize('planes', [32, 24])
def test_large_results_are_written_past_the_cache(planes, train):
    """Those of 24 planes lie in rows of 264, no whole vectors: they are written as all else is, on some CPUs."""
    nnlite.setnumthreads(2)
    rng = np.random.default_rng(planes)
    shape = 2 * simd.MANY // planes // 1024 + 1, planes, 32, 33
    input, gradOutput, residual = maps(shape), maps(shape), maps(shape)
    for array in (input, residual):
        array[...] = 2 + rng.standard_normal(shape)
    gradOutput[...] = input / 2 + rng.standard_normal(shape)
    vectors = [rng.uniform(0.5, 1.5, planes).astype(np.float32) for _ in range(4)]
    given = input, gradOutput, *vectors
    expect_close(computed(on_numba, *given, train=train), computed(on_numpy, *in_float64(given), train=train))
    with_residual = computed(on_numba, *given, train=train, residual=residual)[0]
    exact = np.maximum(computed(on_numpy, *in_float64(given), train=train)[0] + residual, 0)
    expect_close([with_residual], [exact])


def test_relu_without_residual_keeps_what_is_no_number():
    input, _, *vectors = case(11)
    input[0, 0] = np.nan
    plain, rectified = maps(input.shape), maps(input.shape)
    on_numba.BatchNormalization_updateOutput(input, plain, *vectors, *vectors[:2], False, 0.1, 1e-5)
    on_numba.BatchNormalizationReLU_updateOutput(input, None, rectified, *vectors, *vectors[:2], False, 0.1, 1e-5)
    assert np.isnan(rectified[0, 0]).all()
    np.testing.assert_array_equal(rectified, np.maximum(plain, 0))


def test_relu_of_gradients_in_torchs_order():
    input, gradOutput, *vectors = case(11)
    residual, plain = np.zeros_like(input), np.ascontiguousarray(gradOutput)
    mine = computed(on_numba, input, plain, *vectors, residual=residual)
    for result, other in zip(mine, computed(on_numba, input, gradOutput, *vectors, residual=residual), strict=True):
        np.testing.assert_array_equal(result, other)
    np.testing.assert_array_equal(plain, gradOutput)


def test_what_is_not_asked_for_is_not_computed():
    input, gradOutput, *_, mean, var = case(1)
    std = 1 / np.sqrt(var)
    options = None, mean, var, mean, std, True, 1, 1e-5
    gradBias = np.zeros_like(mean)
    on_numba.BatchNormalization_backward(input, gradOutput, None, None, gradBias, *options)
    axes = tuple(axis for axis in range(input.ndim) if axis != 1)
    np.testing.assert_allclose(gradBias, gradOutput.sum(axes, np.float64), rtol=BOUND)


def test_first_numbers_far_from_the_others_do_no_harm():
    """Sums of squares around one number of the batch would cancel here."""
    input = maps((64, 3, 16, 16))
    input[...] = np.random.default_rng(1).standard_normal(input.shape)
    input[0, :, 0, 0] = 1e3
    given = input, input[::-1].copy('K'), None, None, np.zeros(3, 'f'), np.ones(3, 'f')
    expect_close(computed(on_numba, *given), computed(on_numpy, *in_float64(given)))


@pytest.mark.parametrize('threads', [1, 2, 3, 4])
def test_same_threads_give_the_same_bits(threads):
    nnlite.setnumthreads(threads)
    given = case(threads)
    first = computed(on_numba, *given)
    nnlite.setnumthreads(5 - threads)
    computed(on_numba, *case(7))  # leaves other things behind in scratch memory
    nnlite.setnumthreads(threads)
    for mine, other in zip(first, computed(on_numba, *given), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_maps_in_torchs_order_are_taken():
    given = case(2)
    plain = [np.ascontiguousarray(array) for array in given]
    for mine, other in zip(computed(on_numba, *plain), computed(on_numba, *given), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('dtype', [np.float64, np.float16])
def test_other_numbers_are_numpys(dtype):
    given = [array.astype(dtype, order='K') for array in case(3)]
    for mine, other in zip(computed(on_numba, *given), computed(on_numpy, *given), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_results_in_another_order_are_refused():
    input, _, *vectors = case(11)
    assert input.ndim == 4
    with pytest.raises(nnlite.ShapeError, match='lies channels-last'):
        on_numba.BatchNormalization_updateOutput(
            input, np.empty(input.shape, 'f'), *vectors, *vectors[:2], True, 0.1, 1e-5
        )  # fmt: skip
