"""Batch normalization by CUDA's kernels against NumPy's in float64, over ragged shapes."""

import numpy as np
import pytest

import nnlite
from nnlite.kernels import on_cupy, on_numpy
from nnlite.kernels.on_cupy import normalization
from nnlite.tensor.storage import Storage

# Relative to a result's size (Euclidean norm), several times what was seen: what rounds is the numbers themselves.
BOUNDS = {'float64': 1e-13, 'float32': 1e-6, 'float16': 5e-3}
EPS = 1e-5


def maps(shape, dtype):
    return Storage().view(shape, dtype, 'map')


def case(seed, dtype='float32', affine=True, shape=None):
    """Return (input, gradOutput, residual, vectors): random, the maps channels-last, in numbers that the type holds."""
    rng = np.random.default_rng(seed)
    if shape is None:
        planes = rng.integers(1, 71) if seed % 3 else 8 * rng.integers(1, 9)
        shape = rng.integers(8, 13), planes, *rng.integers(1, 21, rng.integers(0, 4))[:2]
    input, gradOutput, residual = (maps(shape, dtype) for _ in range(3))
    input[...] = 2 + rng.standard_normal(shape)
    gradOutput[...] = input / 2 + rng.standard_normal(shape)
    residual[...] = rng.standard_normal(shape)
    vectors = [rng.uniform(0.5, 1.5, shape[1]).astype(dtype) for _ in range(4)]
    if not affine:
        vectors[:2] = None, None
    return input, gradOutput, residual, vectors


def on(xp, arrays, dtype=None):
    """Return arrays, some of them None, as arrays of xp that lie as they did."""
    results = []
    for array in arrays:
        if array is not None:
            array = array if dtype is None else array.astype(dtype, order='K')
            order = sorted(range(array.ndim), key=lambda axis, array=array: -array.strides[axis])
            copy = xp.asarray(np.ascontiguousarray(array.transpose(order)))
            array = copy.transpose([order.index(axis) for axis in range(array.ndim)])
        results.append(array)
    return results


def computed(xp, kernels, given, train, fused=None, dtype=None, scale=0.5, keeps=True):
    """Return all that comes out, forward and back, as NumPy's arrays; fused: 'relu', 'residual' or None for neither.

    If it `keeps` nothing, gradSum is not written.
    """
    input, gradOutput, residual, vectors = given
    x, g, added = on(xp, (input, gradOutput, residual), dtype)
    weight, bias, mean, var = on(xp, vectors, dtype)
    dtype = dtype or input.dtype
    save_mean, save_std, gradWeight, gradBias = (xp.ones(len(mean), dtype) for _ in range(4))
    output, gradInput, gradSum = (Storage().view(input.shape, dtype, 'map', xp) for _ in range(3))
    for result in (output, gradInput, gradSum):
        result.fill(np.nan)
    forward = weight, bias, mean, var, save_mean, save_std, train, 0.3, EPS
    backward = weight, mean, var, save_mean, save_std, train, scale, EPS
    grads = gradInput, gradWeight, gradBias
    if fused is None:
        kernels.BatchNormalization_updateOutput(x, output, *forward)
        kernels.BatchNormalization_backward(x, g, *grads, *backward)
    else:
        added = added if fused == 'residual' else None
        kernels.BatchNormalizationReLU_updateOutput(x, added, output, *forward)
        written = gradSum if keeps else None
        kernels.BatchNormalizationReLU_backward(x, output, g, written, *grads, *backward, bias=bias)
    results = [output, mean, var, save_mean, save_std, gradInput, gradWeight, gradBias]
    return [array if xp is np else array.get() for array in (results if fused is None else [*results, gradSum])]


def expect_close(results, exact, bound):
    for number, (mine, other) in enumerate(zip(results, exact, strict=True)):
        error, size = np.linalg.norm(mine.astype(np.float64) - other), np.linalg.norm(other)
        assert error <= bound * max(size, 1), f'result {number} is off by {error / size}'


@pytest.mark.parametrize('train', [True, False], ids=['training', 'evaluation'])
@pytest.mark.parametrize('dtype', ['float32', 'float64', 'float16'])
@pytest.mark.parametrize('seed', range(6))
def test_any_shape(cupy, order, seed, dtype, train):
    given = case(seed, dtype, affine=seed % 5 > 0)
    exact = computed(np, on_numpy, given, train, dtype=np.float64)
    expect_close(computed(cupy, on_cupy, given, train), exact, BOUNDS[dtype])


@pytest.mark.parametrize('fused', ['relu', 'residual'])
@pytest.mark.parametrize('train', [True, False], ids=['training', 'evaluation'])
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
@pytest.mark.parametrize('seed', range(4))
def test_any_shape_with_relu(cupy, order, seed, dtype, train, fused):
    given = case(seed, dtype, affine=seed % 5 > 0)
    results = computed(cupy, on_cupy, given, train, fused)
    exact = computed(np, on_numpy, given, train, fused, dtype=np.float64)
    same = (results[0] > 0) == (exact[0] > 0)  # but where the sum is 0 to the last digit
    assert same.mean() > 0.999
    if same.all():
        expect_close(results, exact, BOUNDS[dtype])
    np.testing.assert_array_equal(results[-1], np.where(results[0] > 0, given[1], 0))


@pytest.mark.parametrize('train', [True, False], ids=['training', 'evaluation'])
@pytest.mark.parametrize('dtype', ['float32', 'float64', 'float16'])
@pytest.mark.parametrize('seed', range(6))
def test_the_same_bits_without_looking_at_the_output(cupy, seed, dtype, train):
    """Where nobody wants the ReLU's gradient, which numbers it let through is found again from the input."""
    given = case(seed, dtype, affine=seed % 5 > 0)
    kept, found = (computed(cupy, on_cupy, given, train, 'relu', keeps=keeps)[:-1] for keeps in (True, False))
    for mine, other in zip(found, kept, strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('dtype', ['float32', 'float64', 'float16'])
@pytest.mark.parametrize('shape', [(5, 3, 3, 3), (70, 33, 1, 1), (4, 7)], ids=str)
@pytest.mark.parametrize('without', [(), (0,), (1, 2), (0, 1, 2)], ids=str)
def test_folded_into_a_layer(cupy, order, shape, dtype, without):
    rng = np.random.default_rng(shape)
    weight = rng.standard_normal(shape).astype(dtype)
    vectors = [rng.uniform(0.5, 1.5, shape[0]).astype(dtype) for _ in range(5)]
    vectors = [None if place in without else vector for place, vector in enumerate(vectors)]
    exact = on_numpy.BatchNormalization_fold(*on(np, [weight, *vectors], np.float64), EPS)
    found = on_cupy.BatchNormalization_fold(*on(cupy, [weight, *vectors]), EPS)
    expect_close([array.get() for array in found], exact, BOUNDS[dtype])


SHAPES = [(9, 1), (9, 1, 1, 1), (300, 70), (5, 64, 1, 1), (1, 3, 40, 50), (3, 130, 4, 4)]


@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_shapes_at_the_edges(cupy, shape):
    given = case(1, shape=shape)
    exact = computed(np, on_numpy, given, True, dtype=np.float64)
    expect_close(computed(cupy, on_cupy, given, True), exact, BOUNDS['float32'])


def test_one_pixel(cupy):
    given = case(1, shape=(1, 5, 1, 1))
    exact = computed(np, on_numpy, given, False, dtype=np.float64)
    expect_close(computed(cupy, on_cupy, given, False), exact, BOUNDS['float32'])


@pytest.mark.parametrize('summing', [1, 3])
def test_many_rows_for_each_thread(cupy, order, monkeypatch, summing):
    monkeypatch.setattr(normalization, 'SUMMING', summing)
    monkeypatch.setattr(normalization, 'PASSING', summing)
    given = case(1, shape=(10, 36, 13, 17))
    exact = computed(np, on_numpy, given, True, dtype=np.float64)
    expect_close(computed(cupy, on_cupy, given, True), exact, BOUNDS['float32'])


def test_numbers_far_from_zero(cupy):
    """Sums of squares in float32 would have nothing left of the variance."""
    given = case(1, shape=(64, 3, 9, 9))
    given[0][...] += 3000
    exact = computed(np, on_numpy, given, True, dtype=np.float64)
    expect_close(computed(cupy, on_cupy, given, True), exact, 1e-4)  # of the mean's last digit, 3000 / 2^24
    expect_close(computed(cupy, on_cupy, given, True)[2:5:2], exact[2:5:2], 1e-6)  # variance and 1 / deviation


def test_parameters_that_begin_anywhere(cupy):
    """They are views of one flat vector."""
    input, gradOutput, _, vectors = case(1, shape=(4, 16, 3, 3))
    flat = cupy.asarray(np.concatenate([[0], *vectors]).astype('f'))
    parts = [flat[1 + 16 * i : 17 + 16 * i] for i in range(4)]
    saved = cupy.ones((2, 16), np.float32)
    output = Storage().view(input.shape, np.float32, 'map', cupy)
    (x,) = on(cupy, [input])
    on_cupy.BatchNormalization_updateOutput(x, output, *parts, saved[0], saved[1], True, 0.3, EPS)
    expected = computed(np, on_numpy, (input, gradOutput, None, vectors), True, dtype=np.float64)
    expect_close([output.get(), flat[33:49].get(), flat[49:].get()], expected[:3], 1e-6)
    assert flat[0] == 0


def test_pixels_that_begin_anywhere(cupy):
    """Such are read number by number."""
    input, _, _, vectors = case(2, shape=(3, 8, 5, 5))
    memory = cupy.empty(input.size + 1, np.float32)
    shifted = np.moveaxis(memory[1:].reshape(3, 5, 5, 8), -1, 1)
    (x,) = on(cupy, [input])
    np.copyto(shifted, x)
    results = []
    for given in (x, shifted):
        output, saved = Storage().view(input.shape, np.float32, 'map', cupy), cupy.ones((2, 8), np.float32)
        weight, bias, mean, var = on(cupy, vectors)
        on_cupy.BatchNormalization_updateOutput(given, output, weight, bias, mean, var, *saved, False, 0.3, EPS)
        results.append(output.get())
    np.testing.assert_array_equal(*results)


def test_gradients_in_place_and_in_any_order(cupy):
    input, gradOutput, _, vectors = case(5, shape=(4, 10, 3, 7))
    expected = computed(cupy, on_cupy, (input, gradOutput, None, vectors), True, 'relu')
    for plain in (False, True):
        x, g = on(cupy, [input, np.ascontiguousarray(gradOutput) if plain else gradOutput])
        weight, bias, mean, var = on(cupy, vectors)
        saved = cupy.ones((2, 10), np.float32)
        output, gradInput = (Storage().view(input.shape, np.float32, 'map', cupy) for _ in range(2))
        on_cupy.BatchNormalizationReLU_updateOutput(x, None, output, weight, bias, mean, var, *saved, True, 0.3, EPS)
        on_cupy.BatchNormalizationReLU_backward(
            x, output, g, g, gradInput, None, None, weight, mean, var, *saved, True, 0.5, EPS
        )
        np.testing.assert_array_equal(g.get(), expected[-1])
        np.testing.assert_array_equal(gradInput.get(), expected[5])


def test_what_is_no_number_stays(cupy):
    input, _, _, vectors = case(3, shape=(4, 4, 3, 3))
    input[0, 1] = np.nan
    for train in (True, False):
        output = computed(cupy, on_cupy, (input, input, None, vectors), train, 'relu')[0]
        assert np.isnan(output[0, 1]).all() and not np.isnan(output[:, [0, 2, 3]]).any()
        assert np.isnan(output[1:, 1]).all() == train


def test_twice_gives_the_same_bits(cupy):
    first, _, again = (computed(cupy, on_cupy, case(seed), True, 'residual') for seed in (4, 7, 4))
    for mine, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(mine, same)


def test_sums_from_elsewhere(cupy):
    """A convolution may leave sums over its blocks: they make the same constants."""
    input, _, _, vectors = case(6, shape=(6, 12, 5, 5))
    exact = computed(np, on_numpy, (input, input, None, vectors), True, dtype=np.float64)
    pixels = np.moveaxis(input, 1, -1).reshape(10, 15, 12).astype(np.float64)
    parts = cupy.asarray(np.stack([pixels.sum(1), (pixels**2).sum(1)], axis=1))
    weight, bias, mean, var = on(cupy, vectors)
    saved = cupy.ones((2, 12), np.float32)
    output = Storage().view(input.shape, np.float32, 'map', cupy)
    on_cupy.BatchNormalization_updateOutput(
        *on(cupy, [input]), output, weight, bias, mean, var, *saved, True, 0.3, EPS, moments=parts
    )
    expect_close([output.get(), mean.get(), var.get(), saved[0].get(), saved[1].get()], exact[:5], 1e-6)


def test_results_in_another_order_are_refused(cupy):
    input, _, _, vectors = case(1, shape=(2, 3, 4, 5))
    weight, bias, mean, var = on(cupy, vectors)
    with pytest.raises(nnlite.ShapeError, match='lies channels-last'):
        on_cupy.BatchNormalization_updateOutput(
            *on(cupy, [input]), cupy.empty(input.shape, 'f'), weight, bias, mean, var, mean, var, False, 0.1, EPS
        )
