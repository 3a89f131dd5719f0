"""Averaged stochastic gradient descent (Torch: optim/asgd.lua)."""

import numpy as np

from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled, evaluate, kept


def asgd(opfunc, x, config=None, state=None):
    """Take one step down the gradient, in place, and average the parameters along the way.

    At step t = 1, 2, ...,

        x = (1 - lambda eta) x - eta df/dx
        ax = ax + mu (x - ax)
        eta = eta0 / (1 + lambda eta0 t)^alpha       (eta0 at the first step)
        mu = 1 / max(1, t - t0)                      (1 at the first step)

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x.
        x: the parameters.
        config: a dict of eta0 (1e-4), lambda (1e-4), alpha (0.75), t0 (1e6: where averaging begins); as in Torch it
            learns the defaults of what it leaves out.
        state: a dict that carries over from step to step: t, eta_t, mu_t, ax and scratch memory. It is `config` itself
            if it is not given.

    Returns:
        x, a list of f(x) as it was before the step, and ax.

    Raises:
        Error: config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import asgd
    >>> x, config = np.array([4.0, -2.0]), dict(eta0=0.25, t0=0)
    >>> for step in range(3):
    ...     x, (loss,), mean = asgd(lambda x: (float(x @ x), 2 * x), x, config)
    ...     print(round(loss, 3), x.round(3), mean.round(3))
    20.0 [ 2. -1.] [ 2. -1.]
    5.0 [ 1.  -0.5] [ 1.  -0.5]
    1.25 [ 0.5  -0.25] [ 0.75  -0.375]

    Source: L. Bottou, sgd-2.0.
    """
    config, state = tables(config, state)
    defaults = {'eta0': 1e-4, 'lambda': 1e-4, 'alpha': 0.75, 't0': 1e6}
    config.update({name: option(config, name, default) for name, default in defaults.items()})
    eta0, decay = config['eta0'], config['lambda']
    eta, mu = option(state, 'eta_t', eta0), option(state, 'mu_t', 1)

    loss, dfdx = evaluate(opfunc, x)
    np.multiply(x, 1 - decay * eta, out=x)
    add_scaled(x, -eta, dfdx)

    average, away = kept(state, 'ax', x), kept(state, 'tmp', x)
    if mu == 1:
        np.copyto(average, x)
    else:
        np.subtract(x, average, out=away)
        add_scaled(average, mu, away)

    t = state['t'] = option(state, 't', 0) + 1
    state['eta_t'] = eta0 / (1 + decay * eta0 * t) ** config['alpha']
    state['mu_t'] = 1 / max(1, t - config['t0'])
    return x, [loss], average
