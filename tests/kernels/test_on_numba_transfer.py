"""The compiled ReLU, alone, of a sum, and bounded, against NumPy's: only the sum is rounded, so all bits are equal."""

import numpy as np
import pytest

import nnlite
from nnlite.kernels import on_numpy
from nnlite.tensor.storage import Storage

pytest.importorskip('numba')
on_numba = pytest.importorskip('nnlite.kernels.on_numba', exc_type=nnlite.DeviceError)
transfer = pytest.importorskip('nnlite.kernels.on_numba.transfer')


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch):
    monkeypatch.setattr(transfer, 'SMALL', 1)


def arrays(seed, count, dtype=np.float32):
    """Return random arrays of one shape that all lie channels-last, or all in C order."""
    rng = np.random.default_rng(seed)
    shape = *rng.integers(1, 9, rng.integers(0, 3)), *rng.integers(1, 41, 2)
    made = [Storage().view(shape, dtype, 'map' if len(shape) > 2 and seed % 2 else 'plain') for _ in range(count)]
    for array in made:
        array[...] = rng.standard_normal(shape)
        array[rng.random(shape) < 0.1] = np.nan
        array[rng.random(shape) < 0.1] = 0
    return made


def computed(kernels, input, gradOutput, inplace, threshold=0):
    output, gradInput = (input, gradOutput) if inplace else (np.empty_like(input), np.empty_like(input))
    kernels.Threshold_updateOutput(input, output, threshold, 0)
    kernels.Threshold_updateGradInput(input, gradOutput, gradInput, threshold)
    total = np.empty_like(input)
    kernels.CAddReLU_updateOutput(input, gradOutput, total)
    return output, gradInput, total


def expect_equal(given, **options):
    copies = [array.copy('K') for array in given]
    for mine, other in zip(computed(on_numba, *given, **options), computed(on_numpy, *copies, **options), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('inplace', [False, True], ids=['', 'in place'])
@pytest.mark.parametrize('seed', range(20))
def test_any_shape(seed, inplace):
    nnlite.setnumthreads(1 + seed % 4)
    expect_equal(arrays(seed, 2), inplace=inplace)


def bounded(kernels, input, gradOutput, inplace):
    """Return (gradInput, output); bounds of which one is no float32, and is rounded."""
    output, gradInput = (input, gradOutput) if inplace else (np.empty_like(input), np.empty_like(input))
    kernels.HardTanh_updateGradInput(input, gradOutput, gradInput, 0, 1.1)
    kernels.HardTanh_updateOutput(input, output, 0, 1.1)
    return gradInput, output


@pytest.mark.parametrize('inplace', [False, True], ids=['', 'in place'])
@pytest.mark.parametrize('seed', range(8))
def test_bounds_of_any_shape(seed, inplace):
    nnlite.setnumthreads(1 + seed % 4)
    given = arrays(seed, 2)
    given[0][given[0] > 0.5] = np.float32(1.1)
    for input, gradOutput in (given, [array.reshape(-1) for array in given]):
        copies = input.copy('K'), gradOutput.copy('K')
        mine = bounded(on_numba, input.copy('K'), gradOutput.copy('K'), inplace)
        for found, due in zip(mine, bounded(on_numpy, *copies, inplace), strict=True):
            np.testing.assert_array_equal(found, due)


def test_whatever_the_compiled_kernels_are_not_for_is_numpys():
    expect_equal(arrays(1, 2), inplace=False, threshold=0.5)
    expect_equal(arrays(1, 2, np.float64), inplace=False)
    input, gradOutput = np.random.default_rng(1).standard_normal((2, 3, 4, 5), np.float32)
    expect_equal([input, gradOutput.T.copy().T], inplace=False)
    expect_equal([input[:, ::2], gradOutput[:, ::2]], inplace=False)


def test_output_may_be_a_term_of_the_sum():
    first, second = arrays(4, 2)
    expected = np.maximum(first + second, 0)
    on_numba.CAddReLU_updateOutput(first, second, first)
    np.testing.assert_array_equal(first, expected)


@pytest.mark.parametrize('seed', range(8))
def test_a_part_of_an_array_is_copied_and_filled_and_nothing_beside_it(seed):
    nnlite.setnumthreads(1 + seed % 4)
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(1, 50), rng.integers(17, 90)
    whole, source = np.zeros((rows, columns + 9), np.float32), rng.standard_normal((rows, columns), np.float32)
    expected = np.pad(source, ((0, 0), (4, 5)))
    on_numba.Copy_updateOutput(source, whole[:, 4:-5])
    np.testing.assert_array_equal(whole, expected)
    on_numba.Fill_updateOutput(whole[:, 4:-5], 7)
    np.testing.assert_array_equal(whole, np.where(expected, 7, 0))
