"""Losses by CUDA's kernels against NumPy's in float64."""

import numpy as np
import pytest

from nnlite.kernels import on_cupy, on_numpy

BOUNDS = {'float64': 1e-14, 'float32': 1e-6, 'float16': 2e-3}


def case(shape, dtype, weighted, ignored):
    rng = np.random.default_rng(1)
    target = rng.integers(1, shape[-1] + 1, shape[:-1])
    if ignored is not None:
        target[rng.random(shape[:-1]) < 0.3] = ignored
    input, weights = rng.standard_normal(shape).astype(dtype), rng.uniform(0, 2, shape[-1]).astype(dtype)
    weights[0] = 0
    return input, target, weights if weighted else None


@pytest.mark.parametrize('average', [True, False])
@pytest.mark.parametrize(('weighted', 'ignored'), [(False, -100), (True, None), (True, 2)])
@pytest.mark.parametrize('dtype', BOUNDS)
@pytest.mark.parametrize('shape', [(1, 1), (7, 10), (2, 3, 4, 70), (3000, 3)], ids=str)
def test_class_nll(cupy, order, shape, dtype, weighted, ignored, average):
    input, target, weights = case(shape, dtype, weighted, ignored)
    options = ignored, average
    doubles = None if weights is None else weights.astype(float)
    expected, total = on_numpy.ClassNLLCriterion_updateOutput(input.astype(float), target, doubles, *options)
    gradient = np.empty(shape)
    on_numpy.ClassNLLCriterion_updateGradInput(target, gradient, doubles, *options, total)

    labels, vector = cupy.asarray(target), None if weights is None else cupy.asarray(weights)
    results = on_cupy.ClassNLLCriterion_updateOutput(cupy.asarray(input), labels, vector, *options)
    assert all(result.shape == () and result.dtype == np.float64 for result in results)
    np.testing.assert_allclose([float(result) for result in results], [expected, total], rtol=1e-13)
    for there in (results[1], total):
        gradInput = cupy.full(shape, np.nan, dtype)
        on_cupy.ClassNLLCriterion_updateGradInput(labels, gradInput, vector, *options, there)
        np.testing.assert_allclose(gradInput.get(), gradient, rtol=BOUNDS[dtype])


@pytest.mark.parametrize('average', [True, False])
@pytest.mark.parametrize(('weighted', 'ignored'), [(False, -100), (True, None), (True, 2)])
@pytest.mark.parametrize('dtype', BOUNDS)
@pytest.mark.parametrize('shape', [(1, 1), (7, 10), (37, 70), (600, 3)], ids=str)
def test_cross_entropy_at_once(cupy, order, shape, dtype, weighted, ignored, average):
    input, target, weights = case(shape, dtype, weighted, ignored)
    labels, vector = cupy.asarray(target), None if weights is None else cupy.asarray(weights)
    scores, options = cupy.asarray(input), (labels, vector, ignored, average)
    logs, gradInput, expected_logs, expected = (cupy.full(shape, np.nan, dtype) for _ in range(4))
    found = on_cupy.CrossEntropyCriterion_updateOutput(scores, logs, gradInput, *options)
    found = [float(result) for result in found]

    on_cupy.LogSoftMax_updateOutput(scores, expected_logs, 1)
    loss, total = on_cupy.ClassNLLCriterion_updateOutput(expected_logs, *options)
    np.testing.assert_allclose(found, [float(loss), float(total)], rtol=1e-13)
    grads = cupy.empty(shape, dtype)
    on_cupy.ClassNLLCriterion_updateGradInput(labels, grads, vector, ignored, average, total)
    on_cupy.LogSoftMax_updateGradInput(expected_logs, grads, expected, 1)
    np.testing.assert_allclose(logs.get(), expected_logs.get(), rtol=BOUNDS[dtype], atol=BOUNDS[dtype])
    np.testing.assert_allclose(gradInput.get(), expected.get(), rtol=BOUNDS[dtype], atol=BOUNDS[dtype])


def test_cross_entropy_of_many_scores_goes_one_by_one(cupy):
    scores = cupy.zeros((1 << 15, 5), np.float32)
    args = cupy.full((len(scores),), 1, np.int64), None, None, True
    assert on_cupy.CrossEntropyCriterion_updateOutput(scores, scores, scores, *args) is None
    assert (
        on_numpy.CrossEntropyCriterion_updateOutput(*[np.zeros((2, 3))] * 3, np.ones(2, int), None, None, True) is None
    )


def test_cross_entropy_of_a_target_that_is_no_class(cupy):
    scores, target = cupy.zeros((3, 4), np.float32), cupy.asarray(np.array([1, 9, 3]))
    logs, gradInput = cupy.empty_like(scores), cupy.empty_like(scores)
    loss, total = on_cupy.CrossEntropyCriterion_updateOutput(scores, logs, gradInput, target, None, -100, True)
    assert np.isnan(float(loss)) and float(total) == 2 and not gradInput.get()[1].any()


@pytest.mark.parametrize('wrong', [0, 4, -(2**40), 2**40])
def test_target_that_is_no_class(cupy, wrong):
    target = cupy.asarray(np.array([1, wrong, 3]))
    value, total = on_cupy.ClassNLLCriterion_updateOutput(cupy.ones((3, 3), np.float32), target, None, -100, True)
    assert np.isnan(float(value)) and float(total) == 2
    gradInput = cupy.ones((3, 3), np.float32)
    on_cupy.ClassNLLCriterion_updateGradInput(target, gradInput, None, -100, True, total)
    np.testing.assert_array_equal(gradInput.get(), [[-0.5, 0, 0], [0, 0, 0], [0, 0, -0.5]])


def test_targets_that_all_do_not_count(cupy):
    target, gradInput = cupy.full((4,), -100, np.int64), cupy.ones((4, 3), np.float32)
    value, total = on_cupy.ClassNLLCriterion_updateOutput(gradInput, target, None, -100, True)
    assert float(value) == 0 and float(total) == 0
    on_cupy.ClassNLLCriterion_updateGradInput(target, gradInput, None, -100, True, total)
    assert not gradInput.get().any()


def test_rows_that_lie_apart(cupy):
    """As those of maps do, which are channels-first here."""
    input, target, _ = case((2, 4, 5), np.float32, False, None)
    maps, gradient = (cupy.asarray(np.moveaxis(input, -1, 1).copy()) for _ in range(2))
    rows = np.moveaxis(maps, 1, -1)
    value, total = on_cupy.ClassNLLCriterion_updateOutput(rows, cupy.asarray(target), None, None, True)
    np.testing.assert_allclose(float(value), -np.take_along_axis(input, target[..., None] - 1, -1).mean(), rtol=1e-6)
    on_cupy.ClassNLLCriterion_updateGradInput(
        cupy.asarray(target), np.moveaxis(gradient, 1, -1), None, None, True, total
    )
    np.testing.assert_allclose(gradient.get().sum(1), -1 / 8, rtol=1e-6)


@pytest.mark.parametrize('dtype', BOUNDS)
@pytest.mark.parametrize('shape', [(1, 1), (5, 7), (9, 70)], ids=str)
def test_multi_label_margin(cupy, order, shape, dtype):
    rng, (rows, classes) = np.random.default_rng(2), shape
    input, target, isTarget = rng.standard_normal(shape).astype(dtype), np.zeros(shape, np.int64), np.zeros(shape, bool)
    for row in range(rows):
        labels = rng.integers(1, classes + 1, rng.integers(0, classes + 1))  # some twice
        target[row, : len(labels)] = labels
        isTarget[row, labels - 1] = True
    expected = on_numpy.MultiLabelMarginCriterion_updateOutput(input.astype(float), target, isTarget)
    gradient = np.empty(shape)
    on_numpy.MultiLabelMarginCriterion_updateGradInput(input.astype(float), target, isTarget, gradient)

    given, gradInput = [cupy.asarray(array) for array in (input, target, isTarget)], cupy.full(shape, np.nan, dtype)
    value = on_cupy.MultiLabelMarginCriterion_updateOutput(*given)
    assert value.shape == ()
    np.testing.assert_allclose(float(value), expected, rtol=1e-6)
    on_cupy.MultiLabelMarginCriterion_updateGradInput(*given, gradInput)
    np.testing.assert_allclose(gradInput.get(), gradient, rtol=BOUNDS[dtype])
