"""Zeros and ones from Torch's stream, compiled: the same numbers as NumPy's kernel draws, and the same state after.

The Mersenne Twister's words are a recurrence: each is made of those 624, 623 and 227 places before it, and what is
drawn with it is a function of the word alone. So one thread writes many words, by vectors, and all threads make numbers
of them.

Numbers other than float32, arrays that lie neither in the order of their shape nor channels-last, and small ones are
NumPy's.
"""

import math

import numba
import numpy as np

from nnlite.kernels import on_numpy
from nnlite.kernels.on_numba.compiling import compiled, run, threaded
from nnlite.kernels.on_numba.memory import aligned
from nnlite.kernels.on_numpy.scratch import scratch
from nnlite.tensor import random
from nnlite.tensor.threads import getnumthreads

SMALL = 1 << 14  # numbers
PIECE = 1 << 14  # numbers that a thread takes at a time, where the order in memory does not say
CACHE = 1 << 16  # words to write, and then to read, at a time: they stay in the cache

WORDS = 624  # of the state
LAG = 397
HIGH, LOW, MATRIX = np.uint32(0x80000000), np.uint32(0x7FFFFFFF), np.uint32(0x9908B0DF)
SEVEN, FIFTEEN = np.uint32(0x9D2C5680), np.uint32(0xEFC60000)  # masks of the shifts by so many


def Bernoulli_fill(noise, probability):
    """Let each number of the noise be 1 with this probability, else 0.

    Raises:
        Error: the probability is not from 0 to 1.
    """
    is_map = noise.ndim > 2 and not noise.flags.c_contiguous
    in_memory, planes = (np.moveaxis(noise, 1, -1), noise.shape[1]) if is_map else (noise, 1)
    ours = noise.dtype == np.float32 and noise.size >= SMALL and in_memory.flags.c_contiguous
    if not ours or not 0 <= probability <= 1:
        on_numpy.Bernoulli_fill(noise, probability)
        return
    piece = noise.size // len(noise) if is_map else PIECE
    pieces, threads = max(1, CACHE // piece), getnumthreads()
    words = scratch('numba: words', (2 * WORDS + pieces * piece,), np.uint32)
    used = scratch('numba: words used', (1,), np.int64)
    words[:WORDS], used[0] = random.twister()
    most = np.uint32(min(math.floor(probability * 2**32), 2**32 - 1))  # that is word / 2^32 <= probability
    run(draw, in_memory.reshape(-1), planes, piece, pieces, most, words, used, aligned('noise', threads, piece))
    random.settwister(words[:WORDS], int(used[0]))


@compiled
def _write_words(words, count):
    """Go on with so many words, after the WORDS that are there."""
    for i in range(count):
        pair = np.uint32((words[i] & HIGH) | (words[i + 1] & LOW))
        odd = np.uint32(np.uint32(0) - (pair & np.uint32(1)))
        words[i + WORDS] = words[i + LAG] ^ (pair >> np.uint32(1)) ^ (odd & MATRIX)


@compiled
def _begin_with(words, state):
    """Copy the WORDS from `state` on to the beginning."""
    for i in range(WORDS if state > 0 else 0):
        words[i] = words[state + i]


@compiled
def _make_numbers(words, most, numbers):
    """Make a number of each word: 1 if what is drawn with it is at most `most`, else 0."""
    for i in range(len(words)):
        word = words[i]
        word = np.uint32(word ^ (word >> np.uint32(11)))
        word = np.uint32(word ^ ((word << np.uint32(7)) & SEVEN))
        word = np.uint32(word ^ ((word << np.uint32(15)) & FIFTEEN))
        word = np.uint32(word ^ (word >> np.uint32(18)))
        numbers[i] = np.float32(1) if word <= most else np.float32(0)


@compiled
def _set_side_by_side(numbers, planes, noise):
    """Copy numbers that are in the order of planes into noise, which has the planes of a pixel side by side."""
    pixels = len(noise) // planes
    for pixel in range(pixels):
        for plane in range(planes):
            noise[pixel * planes + plane] = numbers[plane * pixels + pixel]


@threaded
def draw(noise, planes, piece, pieces, most, words, used, memory):
    """Fill the noise, a vector, with 1 where the stream's next word is at most `most`, else 0.

    Args:
        planes: how many a piece of the noise has, side by side; they are drawn one after the other.
        piece: how many numbers it has; if there is one plane, the last may have fewer.
        pieces: how many to take at a time.
        words: memory for the words of these; it begins with the WORDS of the state, then and now.
        used: (1,), how many of them are used up, then and now.
        memory: (threads, piece).
    """
    threads = len(memory)
    for begin in range(0, len(noise), pieces * piece):
        count = min(pieces * piece, len(noise) - begin)
        here, start = (count + piece - 1) // piece, used[0]
        state = (start + count - 1) // WORDS * WORDS  # where it will begin
        _write_words(words, state)
        for thread in numba.prange(threads):
            part = np.int64(thread)
            for number in range(here * part // threads, here * (part + 1) // threads):
                first, end = number * piece, min(number * piece + piece, count)
                some, target = words[start + first : start + end], noise[begin + first : begin + end]
                if planes == 1:
                    _make_numbers(some, most, target)
                else:
                    _make_numbers(some, most, memory[part])
                    _set_side_by_side(memory[part], planes, target)
        _begin_with(words, state)
        used[0] = start + count - state
