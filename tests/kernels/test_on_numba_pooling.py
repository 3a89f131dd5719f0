"""Compiled pooling against NumPy's over ragged shapes: equal where nothing is summed up, in float64 where means are."""

import numpy as np
import pytest

import nnlite
from nnlite.kernels import on_numpy
from nnlite.tensor.storage import Storage

pytest.importorskip('numba')
on_numba = pytest.importorskip('nnlite.kernels.on_numba', exc_type=nnlite.DeviceError)

# Relative to a result's size (Euclidean norm). A sum of n terms that are known to eps (6e-8) loses sqrt(n / 2) eps at
# worst. Here n is 1600 at most, 5e-7 the most that was seen, and twice that is allowed.
BOUND = 1e-6


def maps(shape, dtype=np.float32):
    return Storage().view(shape, dtype, 'map')


def case(seed, dilated=False, sides=2):
    """Return (input, gradOutput, kernel, stride, padding, dilation), random; every other with ceil mode's windows."""
    rng = np.random.default_rng(seed)
    kernel, stride = rng.integers(1, 6, sides), rng.integers(1, 5, sides)
    padding, dilation = rng.integers(0, kernel // 2 + 1), rng.integers(1, 3 if dilated else 2, sides)
    reach = (kernel - 1) * dilation + 1
    size = rng.integers(np.maximum(reach - 2 * padding, 1), 41 if sides < 3 else 13)
    room = size + 2 * padding - reach
    out = room // stride + 1
    if seed % 2:
        out = np.minimum(-(-room // stride), (size + padding - 1) // stride) + 1  # the last one begins on the map
    batch, planes = rng.integers(1, 5), rng.integers(1, 71)
    input, gradOutput = maps((batch, planes, *size)), maps((batch, planes, *out))
    for array in (input, gradOutput):
        array[...] = rng.integers(-9, 10, array.shape) if dilated else rng.standard_normal(array.shape)
    return input, gradOutput, *(tuple(map(int, sides)) for sides in (kernel, stride, padding, dilation))


def largest(kernels, input, gradOutput, *geometry):
    output, indices, gradInput = maps(gradOutput.shape), maps(gradOutput.shape, np.int64), maps(input.shape)
    gradInput.fill(np.nan)
    kernels.MaxPooling_updateOutput(input, output, indices, *geometry)
    kernels.MaxPooling_updateGradInput(gradOutput, indices, gradInput, *geometry)
    return output, indices, gradInput


def expect_equal(results, others):
    for mine, other in zip(results, others, strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('sides', [2, 1, 3])
@pytest.mark.parametrize('seed', range(30))
def test_largest_of_any_windows(seed, sides):
    """Among few whole numbers many are equal; their sums are exact."""
    nnlite.setnumthreads(1 + seed % 4)
    given = case(seed, dilated=True, sides=sides)
    expect_equal(largest(on_numba, *given), largest(on_numpy, *given))


@pytest.mark.parametrize('sides', [1, 2, 3])
def test_largest_of_what_is_no_number(sides):
    input, *rest = case(2, sides=sides)
    input[:, 0], input[:, -1, ::2] = -np.inf, np.nan
    expect_equal(largest(on_numba, input, *rest), largest(on_numpy, input, *rest))


@pytest.mark.parametrize('sides', [1, 2, 3])
def test_indices_beyond_the_map_are_refused(sides):
    gradOutput, gradInput = maps((1, 2, *(1,) * sides)), maps((1, 2, *(3,) * sides))
    one, zero = (1,) * sides, (0,) * sides
    with pytest.raises(IndexError):
        on_numba.MaxPooling_updateGradInput(
            gradOutput, np.full(gradOutput.shape, 30), gradInput, one, one, zero, one
        )  # fmt: skip


def means(kernels, input, gradOutput, *geometry):
    output, gradInput = maps(gradOutput.shape, input.dtype), maps(input.shape, input.dtype)
    output.fill(np.nan)
    gradInput.fill(np.nan)
    kernels.AveragePooling_updateOutput(input, output, *geometry)
    kernels.AveragePooling_updateGradInput(gradOutput, gradInput, *geometry)
    return output, gradInput


def adaptive_means(kernels, input, gradOutput):
    output, gradInput = maps(gradOutput.shape, input.dtype), maps(input.shape, input.dtype)
    kernels.AdaptiveAveragePooling_updateOutput(input, output)
    kernels.AdaptiveAveragePooling_updateGradInput(gradOutput, gradInput)
    return output, gradInput


def expect_close(compute, input, gradOutput, *options):
    exact = compute(on_numpy, input.astype(np.float64, order='K'), gradOutput.astype(np.float64, order='K'), *options)
    for mine, other in zip(compute(on_numba, input, gradOutput, *options), exact, strict=True):
        assert np.linalg.norm(mine - other) <= BOUND * np.linalg.norm(other)


@pytest.mark.parametrize('countIncludePad', [True, False])
@pytest.mark.parametrize('seed', range(30))
def test_mean_of_any_windows(seed, countIncludePad):
    nnlite.setnumthreads(1 + seed % 4)
    input, gradOutput, kernel, stride, padding, _ = case(seed)
    expect_close(means, input, gradOutput, kernel, stride, padding, countIncludePad)


@pytest.mark.parametrize('seed', range(8))
def test_mean_of_whole_maps(seed):
    input, gradOutput, *_ = case(seed)
    expect_close(adaptive_means, input, gradOutput[:, :, :1, :1].copy())
    expect_close(adaptive_means, input, gradOutput)


@pytest.mark.parametrize('threads', [1, 2, 3, 4])
def test_any_threads_give_the_same_bits(threads):
    """No sum is shared out among them."""
    input, gradOutput, *geometry, _ = case(9)
    nnlite.setnumthreads(threads)
    results = means(on_numba, input, gradOutput, *geometry, True)
    nnlite.setnumthreads(1)
    expect_equal(results, means(on_numba, input, gradOutput, *geometry, True))


def test_maps_in_torchs_order_are_taken():
    given = case(4)
    plain = [np.ascontiguousarray(array) for array in given[:2]]
    expect_equal(largest(on_numba, *plain, *given[2:]), largest(on_numba, *given))
    expect_equal(means(on_numba, *plain, *given[2:5], True), means(on_numba, *given[:5], True))


def test_other_numbers_are_numpys():
    input, gradOutput, *geometry, _ = case(5)
    given = input.astype(np.float64, order='K'), gradOutput.astype(np.float64, order='K')
    expect_equal(means(on_numba, *given, *geometry, True), means(on_numpy, *given, *geometry, True))
