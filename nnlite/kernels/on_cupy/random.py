"""Random numbers on a GPU: a stream of its own, whose state is in its memory, so that a captured step draws new ones.

Number i of a draw is a function of the seed and of how many were drawn before, Philox4x32-10, whatever the threads do.
The stream begins when nnlite.manualSeed begins Torch's, with the same seed; its numbers are others than Torch's.
"""

import numpy as np

from nnlite.errors import FileFormatError
from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks
from nnlite.kernels.on_cupy.memory import written
from nnlite.tensor import random
from nnlite.tensor.devices import gpu

_DISTRIBUTIONS = 'Bernoulli', 'Uniform', 'Normal'
SOURCE = Source('random.cu', 'philox_words', 'advance', *[f'fill<{name}, {{T}}>' for name in _DISTRIBUTIONS])
_streams: dict[int, 'Stream'] = {}


def Bernoulli_fill(noise, probability):
    """Let each number of the noise be 1 with this probability, else 0, from the GPU's stream in memory's order."""
    stream().fill('Bernoulli', noise, probability)


def Uniform_fill(noise, least, most):
    """Draw each number of the noise from [least, most), from the GPU's stream in memory's order."""
    stream().fill('Uniform', noise, least, most)


def Normal_fill(noise, mean, stdv):
    """Draw normal numbers with this mean and standard deviation from the GPU's stream, in memory's order."""
    stream().fill('Normal', noise, mean, stdv)


def stream():
    """Return the stream of the present GPU; it began with the last seed that nnlite.manualSeed was given."""
    number = gpu().cuda.Device().id
    if number not in _streams:
        _streams[number] = Stream(random.initialSeed())
        random.follow(_streams[number].manualSeed)
    return _streams[number]


class Stream:
    """A stream of random numbers on the present GPU. Its state is the seed, and how many counters are used up.

    Args:
        seed: an integer, of which 64 bits count.
    """

    def __init__(self, seed):
        self._state = gpu().zeros(2, np.uint64)
        self.manualSeed(seed)

    def manualSeed(self, seed):
        """Begin the stream of this seed."""
        self.setRNGState(np.array([seed % 2**64, 0], np.uint64))

    def getRNGState(self):
        """Return the state, uint64 (2,) on the host; this waits for the GPU."""
        return self._state.get()

    def setRNGState(self, state):
        """Go on where `state`, which getRNGState gave, was taken; return `state`.

        Raises:
            FileFormatError: it is not such a state.
        """
        if not isinstance(state, np.ndarray) or state.dtype != np.uint64 or state.shape != (2,):
            came = f'{state.dtype} {state.shape}' if isinstance(state, np.ndarray) else type(state).__name__
            raise FileFormatError(f"expected the state of a GPU's random stream, uint64 (2,), got {came}")
        with self._state.device:
            self._state.set(state)
        return state

    def fill(self, distribution, array, p, q=0):
        """Overwrite a floating array on the GPU with numbers of the distribution; p and q are its parameters."""
        with written(array, 'random') as to:
            counters, wide = blocks(to.size, 4), to.data.ptr % (4 * to.itemsize) == 0
            SOURCE.launch(
                f'fill<{distribution}, {{T}}>', to.dtype, blocks(counters), THREADS, to, self._state, float(p),
                float(q), wide, np.int64(to.size),
            )  # fmt: skip
            SOURCE.launch('advance', to.dtype, 1, 1, self._state, np.int64(counters))
