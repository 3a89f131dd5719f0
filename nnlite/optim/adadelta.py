"""Adadelta: steps in units of the steps before (Torch: optim/adadelta.lua)."""

import numpy as np

from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled, add_scaled_product, evaluate, kept


def adadelta(opfunc, x, config=None, state=None):
    """Take one step of Adadelta, in place.

    With g = df/dx + weightDecay x, element by element,

        v = rho v + (1 - rho) g^2
        delta = sqrt(a + eps) / sqrt(v + eps) g
        x = x - delta
        a = rho a + (1 - rho) delta^2

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x, which is changed on the way.
        x: the parameters.
        config: a dict of rho (0.9), eps (1e-6), weightDecay (0).
        state: a dict that carries over from step to step: paramVariance (v), accDelta (a), evalCounter and scratch
            memory. It is `config` itself if it is not given.

    Returns:
        x, and a list of f(x) as it was before the step.

    Raises:
        Error: config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import adadelta
    >>> x, config = np.array([4.0, -2.0]), dict(eps=0.01)
    >>> for step in range(3):
    ...     x, (loss,) = adadelta(lambda x: (float(x @ x), 2 * x), x, config)
    ...     print(round(loss, 3), x.round(3))
    20.0 [ 3.684 -1.685]
    16.41 [ 3.373 -1.389]
    13.304 [ 3.074 -1.126]

    Source: M. Zeiler, ADADELTA, arXiv 1212.5701.
    """
    config, state = tables(config, state)
    rho, eps = option(config, 'rho', 0.9), option(config, 'eps', 1e-6)
    loss, dfdx = evaluate(opfunc, x, option(config, 'weightDecay', 0))

    variance, std = kept(state, 'paramVariance', x), kept(state, 'paramStd', x)
    delta, accumulated = kept(state, 'delta', x), kept(state, 'accDelta', x)
    np.multiply(variance, rho, out=variance)
    add_scaled_product(variance, 1 - rho, dfdx, dfdx)
    np.sqrt(np.add(variance, eps, out=std), out=std)
    np.sqrt(np.add(accumulated, eps, out=delta), out=delta)
    np.multiply(np.divide(delta, std, out=delta), dfdx, out=delta)
    add_scaled(x, -1, delta)
    np.multiply(accumulated, rho, out=accumulated)
    add_scaled_product(accumulated, 1 - rho, delta, delta)

    state['evalCounter'] = option(state, 'evalCounter', 0) + 1
    return x, [loss]
