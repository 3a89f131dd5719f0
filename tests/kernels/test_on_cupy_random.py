"""The random stream of a GPU: Philox4x32-10 and what is made of it."""

import numpy as np
import pytest

import nnlite
from nnlite import nn
from nnlite.kernels import on_cupy
from nnlite.kernels.on_cupy.random import SOURCE, Stream, stream
from nnlite.tensor.devices import on_gpu

# Counter, key and words, from the authors' own tests (Random123, kat_vectors).
KNOWN = [
    ([0, 0], 0, '6627e8d5 e169c58d bc57ac4c 9b00dbd8'),
    ([2**64 - 1, 2**64 - 1], 2**64 - 1, '408f276d 41c83b0e a20bc7c6 6d5451fd'),
    ([0x85A308D3243F6A88, 0x0370734413198A2E], 0x299F31D0A4093822, 'd16cfe09 94fdcceb 5001e420 24126ea1'),
]


@pytest.mark.parametrize(('counter', 'key', 'expected'), KNOWN)
def test_known_answers(cupy, counter, key, expected):
    words = cupy.zeros((1, 4), np.uint32)
    given = cupy.asarray(np.array([counter], np.uint64))
    SOURCE.launch('philox_words', np.float32, 1, 32, given, np.uint64(key), words, 1)
    assert ' '.join(f'{word:08x}' for word in words.get()[0]) == expected


@pytest.fixture
def seeded(cupy):
    nnlite.manualSeed(1)
    return cupy


@pytest.mark.parametrize('dtype', [np.float32, np.float64, np.float16])
@pytest.mark.parametrize('probability', [0, 0.25, 0.5, 0.9, 1])
def test_bernoulli(seeded, dtype, probability):
    noise = seeded.full((3, 6667), 7, dtype)
    on_cupy.Bernoulli_fill(noise, probability)
    drawn = noise.get().astype(float)
    assert set(np.unique(drawn)) <= {0, 1}
    assert abs(drawn.mean() - probability) < 4 * np.sqrt(probability * (1 - probability) / drawn.size) + 1e-12
    neighbours = (drawn.reshape(-1)[1:] * drawn.reshape(-1)[:-1]).mean()
    assert abs(neighbours - probability**2) < 0.02


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_uniform_and_normal(seeded, dtype):
    numbers = seeded.empty((50_001,), dtype)
    on_cupy.Uniform_fill(numbers, -1, 3)
    drawn = numbers.get()
    assert drawn.min() >= -1 and drawn.max() <= 3
    np.testing.assert_allclose([drawn.mean(), drawn.var()], [1, 16 / 12], atol=0.03)
    counts, _ = np.histogram(drawn, 20, (-1, 3))
    assert ((counts - 2500) ** 2 / 2500).sum() < 45  # chi squared with 19 degrees: once in a thousand
    on_cupy.Normal_fill(numbers, 2, 0.5)
    drawn = (numbers.get() - 2) / 0.5
    np.testing.assert_allclose([drawn.mean(), drawn.var(), (drawn**4).mean()], [0, 1, 3], atol=0.1)


def test_numbers_do_not_depend_on_the_type_or_the_place(seeded):
    draws = []
    for array in (seeded.empty(101, np.float32), seeded.empty(101, np.float64), seeded.empty(102, np.float32)[1:]):
        nnlite.manualSeed(5)
        on_cupy.Bernoulli_fill(array, 0.5)
        draws.append(array.get())
    np.testing.assert_array_equal(draws[0], draws[1])
    np.testing.assert_array_equal(draws[0], draws[2])


def test_each_draw_is_another_and_a_seed_begins_again(seeded):
    arrays = [seeded.empty((64, 10), np.float32) for _ in range(4)]
    for array in arrays[:2]:
        on_cupy.Bernoulli_fill(array, 0.5)
    state = on_gpu(stream)().getRNGState()
    assert state.tolist() == [1, 2 * 160]
    on_cupy.Bernoulli_fill(arrays[2], 0.5)
    on_gpu(stream)().setRNGState(state)
    on_cupy.Bernoulli_fill(arrays[3], 0.5)
    first, second, third, again = (array.get() for array in arrays)
    np.testing.assert_array_equal(third, again)
    assert 0.4 < (first == second).mean() < 0.6 and 0.4 < (second == third).mean() < 0.6
    nnlite.manualSeed(1)
    on_cupy.Bernoulli_fill(arrays[3], 0.5)
    np.testing.assert_array_equal(first, arrays[3].get())


def test_seeds_may_be_negative(cupy):
    assert Stream(-1).getRNGState().tolist() == [2**64 - 1, 0]


@pytest.mark.parametrize('state', [None, np.zeros(2), np.zeros(3, np.uint64)], ids=str)
def test_what_is_no_state_is_refused(cupy, state):
    with pytest.raises(nnlite.FileFormatError, match=r"state of a GPU's random stream, uint64 \(2,\), got"):
        Stream(1).setRNGState(state)


def test_dropout_on_a_gpu(seeded):
    module = nn.Dropout(0.25).cuda()
    input = seeded.ones((40, 50), np.float32)
    outputs = [module.forward(input).get() for _ in range(2)]
    assert set(np.unique(outputs[0])) == {0, np.float32(1 / 0.75)}
    assert (outputs[0] != outputs[1]).any()
    np.testing.assert_array_equal(module.backward(input, input).get(), outputs[1])
