"""Rprop: only the gradient's signs count (Torch: optim/rprop.lua)."""

import numpy as np

from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled_product, evaluate, kept
from nnlite.tensor.devices import array_module


def rprop(opfunc, x, config=None, state=None):
    """Take niter steps of Rprop, in place.

    Each parameter has a step size of its own. It grows by etaplus where df/dx keeps its sign from one step to the next,
    and shrinks by etaminus where the sign changes, in which case the parameter stays where it is for once.

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x, which is changed on the way.
        x: the parameters.
        config: a dict of stepsize (0.1: at the beginning), etaplus (1.2), etaminus (0.5), stepsizemax (50), stepsizemin
            (1e-6), niter (1).
        state: a dict that carries over from step to step: delta (the last df/dx), stepsize and scratch memory. It is
            `config` itself if it is not given; as in Torch `stepsize` is then the vector from the second call on.

    Returns:
        x, and a list of f(x) before each of the steps.

    Raises:
        Error: config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import rprop
    >>> x, config = np.array([4.0, -2.0]), dict(stepsize=1)
    >>> for step in range(3):
    ...     x, (loss,) = rprop(lambda x: (float(x @ x), 2 * x), x, config)
    ...     print(round(loss, 3), x.round(3))
    20.0 [ 3. -1.]
    10.0 [1.8 0.2]
    3.28 [0.36 0.2 ]

    Source: M. Riedmiller, H. Braun, A Direct Adaptive Method for Faster Backpropagation Learning, ICNN 1993.
    """
    config, state = tables(config, state)
    etaplus, etaminus = option(config, 'etaplus', 1.2), option(config, 'etaminus', 0.5)
    largest, smallest = option(config, 'stepsizemax', 50), option(config, 'stepsizemin', 1e-6)
    losses = []
    for _ in range(option(config, 'niter', 1)):
        loss, dfdx = evaluate(opfunc, x)
        losses.append(loss)
        if state.get('delta') is None:
            state['stepsize'] = np.full_like(x, option(config, 'stepsize', 0.1))
        before, sizes, sign = (kept(state, name, x) for name in ('delta', 'stepsize', 'sign'))
        same, turned, still, outside = (_mask(state, name, x) for name in ('psign', 'nsign', 'zsign', 'dminmax'))

        np.sign(np.multiply(dfdx, before, out=sign), out=sign)
        np.greater(sign, 0, out=same)
        np.less(sign, 0, out=turned)
        np.equal(sign, 0, out=still)
        for factor, where in ((etaplus, same), (etaminus, turned), (1, still)):
            np.copyto(sign, factor, where=where)
        np.multiply(sizes, sign, out=sizes)
        np.copyto(sizes, largest, where=np.greater(sizes, largest, out=outside))
        np.copyto(sizes, smallest, where=np.less(sizes, smallest, out=outside))

        np.copyto(dfdx, 0, where=turned)
        np.copyto(before, dfdx)
        add_scaled_product(x, -1, np.sign(dfdx, out=sign), sizes)
    return x, losses


def _mask(state, name, x):
    """Return a mask like x in the memory of a ByteTensor that `state` keeps under `name`."""
    if state.get(name) is None:
        state[name] = array_module(x).zeros(x.shape, np.uint8)
    return state[name].view(bool)
