"""Adam: steps of the mean gradient, in units of its size (Torch: optim/adam.lua)."""

import math

import numpy as np

from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled, add_scaled_product, add_scaled_quotient, evaluate, kept


def adam(opfunc, x, config=None, state=None):
    """Take one step of Adam, in place.

    With g = df/dx + weightDecay x, at step t = 1, 2, ..., element by element,

        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2
        rate = learningRate / (1 + (t - 1) learningRateDecay)
        x = x - rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x, which is changed on the way.
        x: the parameters.
        config: a dict of learningRate (1e-3), learningRateDecay (0), beta1 (0.9), beta2 (0.999), epsilon (1e-8),
            weightDecay (0).
        state: a dict that carries over from step to step: t, m, v and scratch memory. It is `config` itself if it is
            not given.

    Returns:
        x, and a list of f(x) as it was before the step.

    Raises:
        Error: config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import adam
    >>> x, config = np.array([4.0, -2.0]), dict(learningRate=0.5)
    >>> for step in range(2):
    ...     x, (loss,) = adam(lambda x: (float(x @ x), 2 * x), x, config)
    >>> x.round(3)
    array([ 3.003, -1.009])

    Source: D. Kingma, J. Ba, Adam, arXiv 1412.6980.
    """
    config, state = tables(config, state)
    learningRate, learningRateDecay = option(config, 'learningRate', 1e-3), option(config, 'learningRateDecay', 0)
    beta1, beta2 = option(config, 'beta1', 0.9), option(config, 'beta2', 0.999)
    loss, dfdx = evaluate(opfunc, x, option(config, 'weightDecay', 0))

    mean, square, size = kept(state, 'm', x), kept(state, 'v', x), kept(state, 'denom', x)
    steps = option(state, 't', 0)
    rate = learningRate / (1 + steps * learningRateDecay)
    t = state['t'] = steps + 1
    np.multiply(mean, beta1, out=mean)
    add_scaled(mean, 1 - beta1, dfdx)
    np.multiply(square, beta2, out=square)
    add_scaled_product(square, 1 - beta2, dfdx, dfdx)
    np.add(np.sqrt(square, out=size), option(config, 'epsilon', 1e-8), out=size)
    add_scaled_quotient(x, -rate * math.sqrt(1 - beta2**t) / (1 - beta1**t), mean, size)
    return x, [loss]
