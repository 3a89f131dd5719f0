"""The random streams against Torch7's own (golden/rng), PyTorch's twister, and themselves draw by draw."""

import hashlib
import time
import tracemalloc

import numpy as np
import pytest
from golden_files import FOLDER, cases

import nnlite
from nnlite.tensor import random as stream

SEEDS = (1, 42, 123, 2015, 20151210, 4294967295)


def scalars(draw, count=20):
    return [draw() for _ in range(count)]


def interleaved():
    draws = stream.uniform, stream.normal, lambda: stream.random(100), stream.bernoulli
    return [draw() for _ in range(5) for draw in draws]


def dropout(like, p):
    noise = stream.fill_bernoulli(np.empty_like(like), 1 - p)
    noise /= 1 - p
    return noise


def normals_after_a_restored_state():
    first = stream.uniform(), stream.normal(), stream.normal(), stream.normal()
    assert first[1] != first[3]
    state = stream.getRNGState()
    run = stream.fill_normal(np.empty(4))
    stream.manualSeed(99)
    stream.setRNGState(state)
    return [run, stream.fill_normal(np.empty(4))]


def own_generator():
    generator = stream.Generator()
    generator.manualSeed(stream.initialSeed())
    stream.uniform()
    return [generator.fill_uniform(np.empty(5)), generator.fill_normal(np.empty(5))]


# What was called after torch.manualSeed(seed); a function of one argument gets an array like the golden value.
CALLS = {
    'after_1300_draws': lambda: [scalars(stream.random, 1300), scalars(stream.random)][1],
    'bernoulli_float': lambda like: stream.fill_bernoulli(like),
    'bernoulli_scalars': lambda: scalars(lambda: stream.bernoulli(0.3)),
    'bernoulli_tensor': lambda like: stream.fill_bernoulli(like, 0.3),
    'cauchy': lambda: scalars(stream.cauchy),
    'dropout_0.3_output': lambda like: dropout(like, 0.3),
    'dropout_0.3_output_float': lambda like: dropout(like, 0.3),
    'dropout_0.5': lambda like: dropout(like, 0.5),
    'dropout_0.5_float': lambda like: dropout(like, 0.5),
    'dropout_two_forwards': lambda like: [dropout(like[0], 0.3), dropout(like[1], 0.3)],
    'dropout_two_forwards_float': lambda like: [dropout(like[0], 0.3), dropout(like[1], 0.3)],
    'exponential': lambda: scalars(lambda: stream.exponential(1.5)),
    'geometric': lambda: scalars(lambda: stream.geometric(0.3)),
    'interleaved': interleaved,
    'logNormal': lambda: scalars(lambda: stream.logNormal(1, 0.5)),
    'multinomial': lambda: stream.multinomial([0.1, 0.2, 0.3, 0.4], 20, True),
    'multinomial_noreplace': lambda: stream.multinomial([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]], 3),
    'normal_scalars': lambda: scalars(stream.normal),
    'normal_scalars_1_2': lambda: scalars(lambda: stream.normal(1, 2)),
    'normal_tensor': lambda like: stream.fill_normal(like, 1, 2),
    'own_generator': own_generator,
    'rand20': lambda like: stream.fill_uniform(like),
    'rand20_float': lambda: nnlite.rand(20),
    'randn20': lambda like: stream.fill_normal(like),
    'randn20_float': lambda: nnlite.randn(20),
    'randn_5_then_5': lambda like: [stream.fill_normal(like[0]), stream.fill_normal(like[1])],
    'random_10': lambda: scalars(lambda: stream.random(10)),
    'random_5_15': lambda: scalars(lambda: stream.random(5, 15)),
    'random_byte_tensor': lambda like: stream.fill_random(like),
    'random_float_tensor': lambda like: stream.fill_random(like),
    'random_long_tensor': lambda like: stream.fill_random(like, 1_000_000),
    'random_raw': lambda: scalars(stream.random),
    'random_tensor_1_10': lambda like: stream.fill_random(like, 1, 10),
    'randperm20': lambda: stream.randperm(20),
    'randperm7_twice': lambda: [stream.randperm(7), stream.randperm(7)],
    'rrelu_noise': lambda like: stream.fill_uniform(like, 0.1, 0.3),
    'rrelu_noise_float': lambda like: stream.fill_uniform(like, 0.1, 0.3),
    'spatialdropout_0.4': lambda like: stream.fill_bernoulli(like, 0.6),
    'spatialdropout_0.4_float': lambda like: stream.fill_bernoulli(like, 0.6),
    'state_restored': normals_after_a_restored_state,
    'uniform_scalars': lambda: scalars(stream.uniform),
    'uniform_scalars_m2_3': lambda: scalars(lambda: stream.uniform(-2, 3)),
    'uniform_tensor': lambda like: stream.fill_uniform(like, -2, 3),
    'whitenoise': lambda like: stream.fill_normal(like),
    'whitenoise_float': lambda like: stream.fill_normal(like),
}


@cases('rng')
@pytest.mark.parametrize('name', CALLS)
def test_torch7s_own_numbers(case, name):
    expected, call = nnlite.load(FOLDER / case['file'])[name], CALLS[name]
    nnlite.manualSeed(case['seed'])
    if call.__code__.co_argcount:
        like = [np.empty_like(each) for each in expected] if isinstance(expected, list) else np.empty_like(expected)
        result = call(like)
    else:
        result = call()
    np.testing.assert_array_equal(result, expected)


@cases('rng')
def test_no_stream_is_left_out(case):
    """What layers draw is in tests/nn/test_golden_random.py."""
    streams = {name for name in nnlite.load(FOLDER / case['file']) if not name.startswith('init_')}
    assert streams - {'seed'} == set(CALLS)


@pytest.mark.parametrize('seed', SEEDS)
@pytest.mark.parametrize('n', (1, 2, 1000))
def test_pytorch_shuffles_alike(seed, n):
    torch = pytest.importorskip('torch')
    torch.manual_seed(seed)
    expected = torch.randperm(n).numpy() + 1
    rolls = torch.empty(50, dtype=torch.int64).random_(1, 7).numpy()
    nnlite.manualSeed(seed)
    np.testing.assert_array_equal(nnlite.randperm(n), expected)
    np.testing.assert_array_equal([nnlite.random(6) for _ in range(50)], rolls)


FILLS = {
    'uniform': (stream.fill_uniform, stream.uniform, (-2, 3)),
    'normal': (stream.fill_normal, stream.normal, (0.5, 0.25)),
    'exponential': (stream.fill_exponential, stream.exponential, (2,)),
    'cauchy': (stream.fill_cauchy, stream.cauchy, (1, 4)),
    'logNormal': (stream.fill_logNormal, stream.logNormal, (0.5, 0.25)),
    'geometric': (stream.fill_geometric, stream.geometric, (0.3,)),
    'bernoulli': (stream.fill_bernoulli, stream.bernoulli, (0.3,)),
    'random': (stream.fill_random, stream.random, (-5, 5)),
}
ARRAYS = {
    'one': lambda dtype: np.empty((), dtype),
    'none': lambda dtype: np.empty((0, 3), dtype),
    'odd': lambda dtype: np.empty(5, dtype),
    'a block and one': lambda dtype: np.empty(2049, dtype),
    'blocks': lambda dtype: np.empty((3, 37, 41), dtype),
    'channels last': lambda dtype: np.moveaxis(np.empty((2, 17, 19, 5), dtype), -1, 1),
    'transposed': lambda dtype: np.empty((61, 70), dtype).T,
    'every other, backwards': lambda dtype: np.empty((90, 60), dtype)[::-2, ::2],
}


@pytest.mark.parametrize('dtype', ('float64', 'float32'))
@pytest.mark.parametrize('name', FILLS)
@pytest.mark.parametrize('shape', ARRAYS)
def test_a_fill_is_its_scalars_one_after_the_other(name, shape, dtype):
    fill, draw, arguments = FILLS[name]
    array = ARRAYS[shape](dtype)
    for halfway in (False, True):  # whether the second of a pair of normals is waiting
        nnlite.manualSeed(7)
        if halfway:
            nnlite.normal()
        expected = np.array([draw(*arguments) for _ in range(array.size)], dtype).reshape(array.shape)
        after = nnlite.normal()
        nnlite.manualSeed(7)
        if halfway:
            nnlite.normal()
        assert fill(array, *arguments) is array
        np.testing.assert_array_equal(array, expected)
        assert nnlite.normal() == after


def test_a_float_tensor_rounds_its_bounds_first():
    nnlite.manualSeed(1)
    floats = stream.fill_uniform(np.empty(1000, np.float32), -0.1, 0.1)
    nnlite.manualSeed(1)
    low, high = float(np.float32(-0.1)), float(np.float32(0.1))
    expected = np.float32([nnlite.uniform(low, high) for _ in range(1000)])
    np.testing.assert_array_equal(floats, expected)
    nnlite.manualSeed(1)
    assert (expected != np.float32([nnlite.uniform(-0.1, 0.1) for _ in range(1000)])).any()


@pytest.mark.parametrize('dtype', ('uint8', 'int64', 'float16', 'float32', 'float64', 'bool'))
@pytest.mark.parametrize('p', (0, 1, 0.5))
def test_bernoulli_at_its_bounds(p, dtype):
    nnlite.manualSeed(3)
    mask = stream.fill_bernoulli(np.full(3000, 1 - p if p in (0, 1) else 0, dtype), p)
    share = mask.astype(float).mean()
    assert share == p if p in (0, 1) else abs(share - p) < 0.05  # 5 standard deviations


@pytest.mark.parametrize(
    'uniforms, normals, digest',
    [
        (3, 1, '0c0bf894df0d0097b1af7ae92b3fa673d7c85ed172d7960aef5da86393be37c9'),
        (1200, 49, 'dc8230dbf4b222707d8e0d92cd9fb31ab6bb331909420c3246151fa8b33de7e2'),
    ],
)
def test_the_state_is_torch7s_memory(uniforms, normals, digest):
    # The digests are of the THGenerator that Torch7's own THRandom.c, compiled by itself, holds after these draws.
    nnlite.manualSeed(42)
    for _ in range(uniforms):
        nnlite.uniform()
    for _ in range(normals):
        nnlite.normal()
    assert hashlib.sha256(nnlite.getRNGState().tobytes()).hexdigest() == digest


@pytest.mark.parametrize('draws', (0, 1, 2, 623, 624, 625))
def test_a_restored_state_goes_on_alike(draws):
    nnlite.manualSeed(5)
    scalars(nnlite.normal, draws)
    state = nnlite.getRNGState()
    expected = scalars(nnlite.normal, 700), nnlite.randperm(10).tolist()
    nnlite.manualSeed(6)
    assert nnlite.setRNGState(state) is state
    assert nnlite.initialSeed() == 5
    assert (scalars(nnlite.normal, 700), nnlite.randperm(10).tolist()) == expected


def state_with(**fields):
    state = stream.Generator().getRNGState()
    for name, value in fields.items():
        state.view(stream._STATE)[name] = value
    return state


@pytest.mark.parametrize(
    'state',
    [
        None,
        b'',
        np.zeros(5048, np.uint8),
        np.zeros(5047, np.uint8),
        np.zeros((2, 2524), np.uint8),
        np.zeros(5048, np.int8),
        state_with(left=0),
        state_with(left=625, next=0),
        state_with(left=-1),
        state_with(left=2, next=5),
        state_with(seeded=0),
        state_with(words=2**32),
        state_with(normal=np.nan),
        state_with(normalIsValid=2),
    ],
)
def test_a_foreign_state_is_refused_and_changes_nothing(state):
    nnlite.manualSeed(8)
    before = nnlite.getRNGState()
    with pytest.raises(nnlite.FileFormatError, match='expected 5048 bytes'):
        nnlite.setRNGState(state)
    np.testing.assert_array_equal(nnlite.getRNGState(), before)


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: nnlite.manualSeed(1.5), 'integer seed, got 1.5'),
        (lambda: nnlite.manualSeed(2**64), '64 bits'),
        (lambda: nnlite.normal(0, 0), 'deviation above 0, got 0'),
        (lambda: nnlite.logNormal(0, -1), 'deviation above 0, got -1'),
        (lambda: stream.fill_normal(np.empty(2), 0, float('nan')), 'deviation above 0, got nan'),
        (lambda: nnlite.bernoulli(1.1), 'from 0 to 1, got 1.1'),
        (lambda: stream.fill_bernoulli(np.empty(2), -0.1), 'from 0 to 1, got -0.1'),
        (lambda: nnlite.geometric(1), 'between 0 and 1, got 1'),
        (lambda: nnlite.random(0), 'got 1 to 0'),
        (lambda: nnlite.random(5, 4), 'got 5 to 4'),
        (lambda: nnlite.randperm(0), 'length above 0, got 0'),
        (lambda: nnlite.rand(), 'sizes as in rand'),
        (lambda: nnlite.randn(2, -1), 'sizes as in randn'),
        (lambda: stream.fill_uniform(np.empty(2, int)), 'floating type to fill, got int64'),
        (lambda: stream.multinomial([0, 0], 1), 'add up to more than 0'),
        (lambda: stream.multinomial([1, 1], 3), '1 to 2 of the classes, got 3'),
        (lambda: stream.multinomial(np.ones((1, 1, 1)), 1), r'got \(1, 1, 1\)'),
    ],
)
def test_bad_arguments_say_so(call, message):
    with pytest.raises(nnlite.Error, match=message):
        call()


def test_seeds_of_any_sign_and_the_systems_own():
    nnlite.manualSeed(-1)
    assert nnlite.initialSeed() == -1
    first = nnlite.random()
    nnlite.manualSeed(4294967295)
    assert nnlite.random() == first
    seed = nnlite.seed()
    first = nnlite.random()
    assert nnlite.initialSeed() == seed
    nnlite.manualSeed(seed)
    assert nnlite.random() == first


def test_arrays_have_the_default_type():
    assert nnlite.rand(2, 3).dtype == nnlite.randn([4]).dtype == np.float32
    assert nnlite.randn([4, 5]).shape == (4, 5)
    nnlite.setdefaulttensortype('torch.DoubleTensor')
    try:
        assert nnlite.rand(2).dtype == np.float64
    finally:
        nnlite.setdefaulttensortype('torch.FloatTensor')


@pytest.mark.parametrize('fill', (stream.fill_bernoulli, stream.fill_uniform, stream.fill_normal))
def test_a_fill_allocates_small_pieces_only(fill):
    array = np.moveaxis(np.empty((16, 32, 32, 16), np.float32), -1, 1)
    fill(array)
    tracemalloc.start()
    try:
        fill(array)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        fill(array)
        pieces = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert pieces < (2**16 if fill is stream.fill_bernoulli else 2**17)


def test_the_weights_of_a_resnet18_take_less_than_a_second():
    weights = np.empty(2_800_000, np.float32)  # a quarter of them
    seconds = []
    for _ in range(3):
        start = time.process_time()
        stream.fill_normal(weights, 0, 0.05)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.25
