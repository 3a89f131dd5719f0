"""The step of stochastic gradient descent, compiled: one pass over the parameters, by all threads.

The roundings are those of NumPy's, in the same order: each family gives the same bits.
"""

import numba
import numpy as np

from nnlite.kernels import on_numpy
from nnlite.kernels.on_numba.compiling import compiled, run, threaded
from nnlite.kernels.on_numba.memory import in_order
from nnlite.tensor.threads import getnumthreads


def SGD_step(x, dfdx, velocity, rate, momentum, dampening, nesterov, weightDecay):
    """Take the step. Dfdx is spent: what it holds afterwards is not said.

    Formulas and shapes: as in NumPy's.
    """
    ours = x.dtype in (np.float32, np.float64) and dfdx.dtype == velocity.dtype == x.dtype
    vectors = in_order(x, dfdx, velocity) if ours else None
    if vectors is None:
        on_numpy.SGD_step(x, dfdx, velocity, rate, momentum, dampening, nesterov, weightDecay)
        return
    numbers = [x.dtype.type(number) for number in (rate, momentum, 1 - dampening, weightDecay)]
    run(step, *vectors, *numbers, bool(nesterov), getnumthreads())


@threaded
def step(x, dfdx, velocity, rate, momentum, share, weightDecay, nesterov, threads):
    """Do what SGD_step says for vectors; share is 1 - dampening."""
    for thread in numba.prange(threads):
        part = np.int64(thread)
        some = slice(len(x) * part // threads, len(x) * (part + 1) // threads)
        _step(x[some], dfdx[some], velocity[some], rate, momentum, share, weightDecay, nesterov)


@compiled
def _step(x, dfdx, velocity, rate, momentum, share, weightDecay, nesterov):
    for i in range(len(x)):
        grad = dfdx[i] + weightDecay * x[i] if weightDecay != 0 else dfdx[i]
        speed = velocity[i] * momentum + share * grad
        velocity[i] = speed
        x[i] -= rate * (grad + momentum * speed if nesterov else speed)
