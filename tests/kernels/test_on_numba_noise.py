"""Compiled zeros and ones from Torch's stream: the numbers that NumPy's kernel draws, and the same ones after them."""

import numpy as np
import pytest

import nnlite
from nnlite.kernels import on_numpy
from nnlite.tensor.storage import Storage

pytest.importorskip('numba')
on_numba = pytest.importorskip('nnlite.kernels.on_numba', exc_type=nnlite.DeviceError)
noise = pytest.importorskip('nnlite.kernels.on_numba.noise')


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch):
    monkeypatch.setattr(noise, 'SMALL', 1)


def drawn(kernels, shape, kind, probability, dtype=np.float32, before=5):
    """Return noise that is drawn in two parts after so many numbers, and the generator's state then."""
    nnlite.manualSeed(7)
    nnlite.rand(before)
    arrays = [Storage().view(shape, dtype, kind) for _ in range(2)]
    for array in arrays:
        array.fill(np.nan)
        kernels.Bernoulli_fill(array, probability)
    return *arrays, nnlite.getRNGState()


def expect_equal(*args, **options):
    for mine, other in zip(drawn(on_numba, *args, **options), drawn(on_numpy, *args, **options), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('seed', range(20))
def test_any_shape(seed, monkeypatch):
    monkeypatch.setattr(noise, 'PIECE', 100)
    monkeypatch.setattr(noise, 'CACHE', 1000)
    nnlite.setnumthreads(1 + seed % 4)
    rng = np.random.default_rng(seed)
    shape = *rng.integers(1, 9, rng.integers(0, 4)), *rng.integers(1, 41, 2)
    expect_equal(shape, 'map' if len(shape) > 2 and seed % 2 else 'plain', rng.random())


@pytest.mark.parametrize('probability', [0, 1, 0.5, 2.0**-32, 1 - 2.0**-40])
@pytest.mark.parametrize('before', [1, 622, 623, 624, 625])
def test_wherever_the_stream_is(before, probability):
    expect_equal((624, 2), 'plain', probability, before=before)


def test_large_maps():
    expect_equal((5, 16, 32, 32), 'map', 0.5)
    expect_equal((2, 70, 33, 31), 'map', 0.5)
    expect_equal((100_003,), 'plain', 0.5)


def test_whatever_the_compiled_kernels_are_not_for_is_numpys():
    expect_equal((3, 4, 5, 6), 'map', 0.5, dtype=np.float64)
    expect_equal((0, 4, 5, 6), 'map', 0.5)
    nnlite.manualSeed(1)
    every_other = np.zeros((4, 100), np.float32)[:, ::2]
    on_numba.Bernoulli_fill(every_other, 1)
    assert every_other.all()
    with pytest.raises(nnlite.Error, match=r'expected a probability from 0 to 1, got 1\.5'):
        on_numba.Bernoulli_fill(np.zeros(100, np.float32), 1.5)
