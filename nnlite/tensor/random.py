"""Torch's random streams: its distributions, draw by draw, over NumPy's Mersenne Twister.

`RandomState(seed)` seeds MT19937 as Torch does, so the raw 32-bit words agree, and a seed gives here the numbers that
it gave Torch7 (lib/TH/THRandom.c, generic/THTensorRandom.c). Each draw takes one word, a pair of normals two. The
functions of this module draw from the default generator; a `Generator` of your own has them all as methods.

>>> manualSeed(123)
>>> uniform(), random(6), bernoulli(0.3)
(0.6964691872708499, 2, 1)
"""

import bisect
import math
import operator
import secrets
from types import SimpleNamespace

import numpy as np

from nnlite.errors import DtypeError, Error, FileFormatError, ShapeError
from nnlite.tensor.devices import array_module, is_on_gpu
from nnlite.tensor.types import dtype_of, getdefaulttensortype

_WORDS = 2**32
_BLOCK = 2048  # numbers drawn at a time, so that a warm step allocates no more than some 16 KB pieces

# The memory of Torch7's THGenerator on a 64-bit machine, which is what its getRNGState gives.
_STATE = np.dtype(
    [
        ('initialSeed', '<i8'),
        ('left', '<i4'),
        ('seeded', '<i4'),
        ('next', '<u8'),
        ('words', '<u8', 624),
        ('normal', '<f8', 3),
        ('normalIsValid', '<i4'),
        ('padding', '<i4'),
    ]
)


def _exp(x):
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _elementwise(function):
    return lambda values: np.fromiter(map(function, values.tolist()), np.float64, values.size)


# NumPy's own log, exp and tan may differ from the C library's, and so from Torch's, in the last bit of a double.
# Doubles are worth the extra time; rounding to a float hides that bit.
_libm = SimpleNamespace(
    **{f.__name__: _elementwise(f) for f in (math.log, math.cos, math.sin, math.tan)}, exp=_elementwise(_exp)
)


class Generator:
    """A random stream of its own (torch.Generator), seeded from the system when made.

    The `fill_` methods are Torch's `tensor:uniform(a, b)` and so on: they overwrite an array in the row-major order of
    its shape, however it lies in memory, and allocate no more than small blocks. The array may be on a GPU.

    >>> generator = Generator()
    >>> generator.manualSeed(1)
    >>> generator.rand(3)
    array([0.417022 , 0.9971848, 0.7203245], dtype=float32)
    """

    def __init__(self):
        self._bits = np.random.MT19937()
        self._followers = []
        self.seed()

    # The generator's state

    def manualSeed(self, seed):
        """Begin the stream that belongs to an integer `seed`; its lowest 32 bits count.

        Raises:
            Error: the seed is no integer of 64 bits.
        """
        try:
            seed = operator.index(seed)
        except TypeError:
            raise Error(f'expected an integer seed, got {seed!r}', where='manualSeed') from None
        if not -(2**63) <= seed < 2**63:
            raise Error(f'expected a seed of at most 64 bits, got {seed}', where='manualSeed')
        self._seed = seed
        np.random.RandomState(self._bits).seed(seed % _WORDS)
        self._x = self._y = self._rho = 0.0
        self._second_is_due = False
        for begin in self._followers:
            begin(seed)

    def follow(self, begin):
        """Have another stream, on a GPU, begin whenever this one does: begin(seed) is called."""
        self._followers.append(begin)

    def seed(self):
        """Begin a stream from a seed of the system's choosing, and return that seed."""
        self.manualSeed(secrets.randbits(32))
        return self._seed

    def initialSeed(self):
        """Return the seed that the stream began with."""
        return self._seed

    def getRNGState(self):
        """Return the whole state, a waiting second normal included: uint8 (5048,), laid out as in Torch7."""
        state = np.zeros((), _STATE)
        twister = self._bits.state['state']
        state['initialSeed'], state['seeded'] = self._seed, 1
        state['left'], state['next'] = 625 - twister['pos'], twister['pos']
        state['words'] = twister['key']
        state['normal'] = self._x, self._y, self._rho
        state['normalIsValid'] = self._second_is_due
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def setRNGState(self, state):
        """Go on where `state`, which getRNGState of nnlite or of Torch7 gave, was taken; return `state`.

        >>> generator = Generator()
        >>> state = generator.getRNGState()
        >>> draw = generator.normal()
        >>> _ = generator.setRNGState(state)
        >>> draw == generator.normal()
        True

        Raises:
            FileFormatError: it is not such a state.
        """
        expected = f'expected {_STATE.itemsize} bytes from getRNGState'
        if not isinstance(state, np.ndarray) or state.dtype != np.uint8 or state.shape != (_STATE.itemsize,):
            came = f'{state.dtype} {state.shape}' if isinstance(state, np.ndarray) else type(state).__name__
            raise FileFormatError(f'{expected}, got {came}', where='setRNGState')
        fields = np.frombuffer(state.tobytes(), _STATE)[0]
        left, following, words = int(fields['left']), int(fields['next']), fields['words']
        # With a block of 624 words used up (left == 1) `next` says nothing: Torch begins at 0 again.
        in_step = following in (0, 624) if left == 1 else 1 < left <= 624 and following == 625 - left
        flags = int(fields['seeded']), int(fields['normalIsValid'])
        numbers_are_sound = words.max() < _WORDS and np.isfinite(fields['normal']).all()
        if not in_step or flags not in ((1, 0), (1, 1)) or not numbers_are_sound:
            raise FileFormatError(f'{expected}, got bytes that are no state of a generator', where='setRNGState')
        self._bits.state = {
            'bit_generator': 'MT19937',
            'state': {'key': words.astype(np.uint32), 'pos': 625 - left},
        }
        self._seed = int(fields['initialSeed'])
        self._x, self._y, self._rho = fields['normal'].tolist()
        self._second_is_due = bool(fields['normalIsValid'])
        return state

    def twister(self):
        """Return the Mersenne Twister's words, uint32 (624,), and how many of them are used up."""
        state = self._bits.state['state']
        return state['key'], state['pos']

    def settwister(self, words, used):
        """Go on with these words, of which so many are used up."""
        self._bits.state = {'bit_generator': 'MT19937', 'state': {'key': words, 'pos': used}}

    # One number

    def _unit(self):
        return self._bits.random_raw() / _WORDS

    def uniform(self, a=0, b=1):
        """Return a number from [a, b)."""
        return self._unit() * (b - a) + a

    def normal(self, mean=0, stdv=1):
        """Return a normal number: Box and Muller make them in pairs, and the second of a pair waits for the next call.

        Raises:
            Error: stdv is not positive.
        """
        _check_positive('normal', 'standard deviation', stdv)
        self._second_is_due = not self._second_is_due
        if self._second_is_due:
            self._x, self._y = self._unit(), self._unit()
            self._rho = math.sqrt(-2 * math.log(1 - self._y))
        wave = math.cos if self._second_is_due else math.sin
        return self._rho * wave(2 * math.pi * self._x) * stdv + mean

    def exponential(self, lambd):
        """Return a number of density lambd exp(-lambd x)."""
        return -1 / lambd * math.log(1 - self._unit())

    def cauchy(self, median=0, sigma=1):
        """Return a number of density sigma / (pi (sigma^2 + (x - median)^2))."""
        return median + sigma * math.tan(math.pi * (self._unit() - 0.5))

    def logNormal(self, mean=1, stdv=2):
        """Return the exponential of a normal number that has this mean and standard deviation."""
        return _exp(self.normal(mean, stdv))

    def geometric(self, p):
        """Return i from 1 up with probability (1 - p) p^(i - 1).

        Raises:
            Error: p is not between 0 and 1.
        """
        _check_geometric(p)
        return int(math.log(1 - self._unit()) / math.log(p)) + 1

    def bernoulli(self, p=0.5):
        """Return 1 with probability p, else 0.

        Raises:
            Error: p is not from 0 to 1.
        """
        _check_probability('bernoulli', p)
        return int(self._unit() <= p)

    def random(self, a=None, b=None):
        """Return a whole number: `random()` one of 32 bits, `random(b)` from 1 to b, `random(a, b)` from a to b.

        Raises:
            Error: the range is empty.
        """
        low, count = _range(a, b)
        return self._bits.random_raw() % count + low

    # New arrays

    def rand(self, *sizes):
        """Return an array of the default type with numbers from [0, 1); sizes as `rand(2, 3)` or `rand((2, 3))`."""
        return self.fill_uniform(_new('rand', sizes))

    def randn(self, *sizes):
        """Return an array of the default type with standard normal numbers; sizes as for `rand`."""
        return self.fill_normal(_new('randn', sizes))

    def randperm(self, n):
        """Return the numbers from 1 to n in random order: int64 (n,), where Torch has them in its default type.

        Raises:
            Error: n is not positive.
        """
        _check_positive('randperm', 'length', n)
        order = list(range(1, n + 1))
        steps = self._bits.random_raw(n - 1) % np.arange(n, 1, -1, dtype=np.uint64)
        for i, step in enumerate(steps.tolist()):
            order[i], order[i + step] = order[i + step], order[i]
        return np.array(order, np.int64)

    def multinomial(self, probabilities, n, replacement=False):
        """Return n indices from 1 up, each drawn with its probability: int64 (n,), or (rows, n) for a row of them each.

        Args:
            probabilities: (classes,) or (rows, classes), not negative; they need not add up to 1.
            n: how many to draw.
            replacement: whether an index may be drawn again.

        Raises:
            Error: a row adds up to nothing, or n is more than there are classes to draw without replacement.
        """
        rows = np.atleast_2d(probabilities).astype(np.float64)
        if rows.ndim != 2:
            raise ShapeError(f'expected (classes,) or (rows, classes), got {rows.shape}', where='multinomial')
        if n < 1 or (not replacement and n > rows.shape[1]):
            raise Error(f'expected to draw 1 to {rows.shape[1]} of the classes, got {n}', where='multinomial')
        if not (rows >= 0).all() or not (rows.sum(axis=1) > 0).all():
            raise Error('expected probabilities from 0 up that add up to more than 0', where='multinomial')
        draws = np.empty((len(rows), n), np.int64)
        for row, drawn in zip(rows.cumsum(axis=1), draws, strict=True):
            row /= row[-1]
            for i in range(n):
                row[-1] = 1
                index = bisect.bisect_left(row.tolist(), self._unit())
                drawn[i] = index + 1
                if not replacement:
                    mass = row[index] - (row[index - 1] if index else 0)
                    row[index:] -= mass
                    row /= 1 - mass
        return draws if np.ndim(probabilities) == 2 else draws[0]

    # Arrays that are there

    def _units(self, count):
        return self._bits.random_raw(count) * (1 / _WORDS)

    def fill_uniform(self, array, a=0, b=1):
        """Overwrite a floating `array` with numbers from [a, b), and return it."""
        a, b = _in_type_of(array, a, b)
        for block in _blocks(array):
            np.multiply(self._units(block.size), b - a, out=block)
            block += a
        return array

    def fill_normal(self, array, mean=0, stdv=1):
        """Overwrite a floating `array` with normal numbers, and return it.

        Raises:
            Error: stdv is not positive.
        """
        _check_positive('normal', 'standard deviation', stdv)
        mean, stdv = _in_type_of(array, mean, stdv)
        for block in _blocks(array):
            self._fill_standard_normal(block, _functions_for(array))
            block *= stdv
            block += mean
        return array

    def _fill_standard_normal(self, block, functions):
        if self._second_is_due:
            block[0] = self.normal()
            block = block[1:]
        if not block.size:
            return
        odd = block.size % 2
        pairs = self._units(block.size + odd).reshape(-1, 2)
        angle = 2 * math.pi * pairs[:, 0]
        rho = np.sqrt(-2 * functions.log(1 - pairs[:, 1]))
        np.multiply(rho, functions.cos(angle), out=block[0::2])
        np.multiply(rho[: block.size // 2], functions.sin(angle[: block.size // 2]), out=block[1::2])
        (self._x, self._y), self._rho = pairs[-1].tolist(), float(rho[-1])
        self._second_is_due = bool(odd)

    def fill_exponential(self, array, lambd):
        """Overwrite a floating `array` with numbers of density lambd exp(-lambd x), and return it."""
        (lambd,) = _in_type_of(array, lambd)
        for block in _blocks(array):
            np.multiply(-1 / lambd, _libm.log(1 - self._units(block.size)), out=block)
        return array

    def fill_cauchy(self, array, median=0, sigma=1):
        """Overwrite a floating `array` with Cauchy's numbers, and return it."""
        median, sigma = _in_type_of(array, median, sigma)
        for block in _blocks(array):
            np.multiply(sigma, _libm.tan(math.pi * (self._units(block.size) - 0.5)), out=block)
            block += median
        return array

    def fill_logNormal(self, array, mean=1, stdv=2):
        """Overwrite a floating `array` with exponentials of normal numbers, and return it."""
        _check_positive('logNormal', 'standard deviation', stdv)
        mean, stdv = _in_type_of(array, mean, stdv)
        for block in _blocks(array):
            self._fill_standard_normal(block, _libm)
            block[...] = _libm.exp(block * stdv + mean)
        return array

    def fill_geometric(self, array, p):
        """Overwrite an `array` of any type with whole numbers from 1 up, i with probability (1 - p) p^(i - 1)."""
        _check_geometric(p)
        for block in _blocks(array):
            np.floor(_libm.log(1 - self._units(block.size)) / math.log(p), out=block)
            block += 1
        return array

    def fill_bernoulli(self, array, p=0.5):
        """Overwrite an `array` of any type with 1 where a draw of probability p succeeds, else with 0; return it."""
        _check_probability('bernoulli', p)
        for block in _blocks(array, array.dtype):
            # word / 2^32 <= p, without the division: scaling by a power of two is exact.
            np.less_equal(self._bits.random_raw(block.size), math.floor(p * _WORDS), out=block, casting='unsafe')
        return array

    def fill_random(self, array, a=None, b=None):
        """Overwrite an `array` of any type with whole numbers, ranges as for `random`; return it.

        Without a range they go up to the largest number that the type holds exactly, within 32 bits.
        """
        if a is None and b is None:
            if array.dtype.kind == 'f':
                low, count = 0, 2 ** (np.finfo(array.dtype).nmant + 1) + 1
            else:
                low, count = 0, int(np.iinfo(array.dtype).max) + 1
        else:
            low, count = _range(a, b)
        for block in _blocks(array, np.int64):
            block[...] = self._bits.random_raw(block.size) % np.uint64(count)
            block += low
        return array


def _blocks(array, dtype=np.float64):
    """Yield writable blocks of `dtype` that together are `array`, in the row-major order of its shape.

    An array on a GPU is filled on the host, and copied over: a seed gives the same numbers everywhere.
    """
    if is_on_gpu(array):
        return _blocks_by_way_of_the_host(array, dtype)
    return np.nditer(
        array,
        flags=['external_loop', 'buffered', 'zerosize_ok'],
        op_flags=[['writeonly']],
        op_dtypes=[dtype],
        casting='unsafe',
        order='C',
        buffersize=_BLOCK,
    )


def _blocks_by_way_of_the_host(array, dtype):
    twin = np.empty(array.shape, array.dtype)
    yield from _blocks(twin, dtype)
    array[...] = array_module(array).asarray(twin)


def _functions_for(array):
    return _libm if array.dtype == np.float64 else np


def _in_type_of(array, *values):
    """Return the values as Torch's function for this type of tensor gets them: rounded to that type."""
    if array.dtype.kind != 'f':
        raise DtypeError(f'expected an array of a floating type to fill, got {array.dtype}')
    return [float(array.dtype.type(value)) for value in values]


def _new(name, sizes):
    if len(sizes) == 1 and not isinstance(sizes[0], (int, np.integer)):
        (sizes,) = sizes
    if not len(sizes) or not all(isinstance(size, (int, np.integer)) and size >= 0 for size in sizes):
        raise ShapeError(f'expected sizes as in {name}(2, 3), got {tuple(sizes)}', where=name)
    return np.empty(tuple(sizes), dtype_of(getdefaulttensortype()))


def _range(a, b):
    """Return the lowest number and the count of numbers that `random` chooses from."""
    if a is None and b is None:
        return 0, _WORDS
    low, high = (1, a) if b is None else (a, b)
    if high < low:
        raise Error(f'expected a range with numbers in it, got {low} to {high}', where='random')
    return low, high - low + 1


def _check_positive(where, what, value):
    if not value > 0:
        raise Error(f'expected a {what} above 0, got {value}', where=where)


def _check_probability(where, p):
    if not 0 <= p <= 1:
        raise Error(f'expected a probability from 0 to 1, got {p}', where=where)


def _check_geometric(p):
    if not 0 < p < 1:
        raise Error(f'expected a probability between 0 and 1, got {p}', where='geometric')


_default = Generator()

manualSeed = _default.manualSeed
follow = _default.follow
seed = _default.seed
initialSeed = _default.initialSeed
getRNGState = _default.getRNGState
setRNGState = _default.setRNGState
twister = _default.twister
settwister = _default.settwister

uniform = _default.uniform
normal = _default.normal
exponential = _default.exponential
cauchy = _default.cauchy
logNormal = _default.logNormal
geometric = _default.geometric
bernoulli = _default.bernoulli
random = _default.random

rand = _default.rand
randn = _default.randn
randperm = _default.randperm
multinomial = _default.multinomial

fill_uniform = _default.fill_uniform
fill_normal = _default.fill_normal
fill_exponential = _default.fill_exponential
fill_cauchy = _default.fill_cauchy
fill_logNormal = _default.fill_logNormal
fill_geometric = _default.fill_geometric
fill_bernoulli = _default.fill_bernoulli
fill_random = _default.fill_random
