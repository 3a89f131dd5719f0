"""Nesterov's accelerated gradient (Torch: optim/nag.lua)."""

import numpy as np

from nnlite.errors import Error
from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled, check_parameters, evaluate, kept, product


def nag(opfunc, x, config=None, state=None):
    """Move on with the momentum, look at the gradient there, and correct, in place.

    With t steps taken before, v the way of the last step (0 at the first) and g = df/dx + weightDecay x where x is
    after the first line,

        x = x + momentum v
        d = -learningRate / (1 + t learningRateDecay) g
        x = x + d
        v = momentum v + d

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x, which is changed on the way.
        x: the parameters.
        config: a dict of learningRate (1e-3), learningRateDecay (0), weightDecay (0), momentum (0.9), learningRates
            (for each parameter, times learningRate).
        state: a dict that carries over from step to step: evalCounter (t), dfdx (v) and scratch memory. It is `config`
            itself if it is not given.

    Returns:
        x, and a list of f where the gradient was taken.

    Raises:
        Error: the momentum is not above 0; config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in config or state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import nag
    >>> x, config = np.array([4.0, -2.0]), dict(learningRate=0.25, momentum=0.5)
    >>> for step in range(3):
    ...     x, (loss,) = nag(lambda x: (float(x @ x), 2 * x), x, config)
    ...     print(round(loss, 3), x.round(3))
    20.0 [ 2. -1.]
    1.25 [ 0.5  -0.25]
    0.078 [-0.125  0.062]

    Source: I. Sutskever et al., On the Importance of Initialization and Momentum in Deep Learning, ICML 2013.
    """
    config, state = tables(config, state)
    learningRate, learningRateDecay = option(config, 'learningRate', 1e-3), option(config, 'learningRateDecay', 0)
    learningRates = option(config, 'learningRates', None)
    momentum = option(config, 'momentum', 0.9)
    if momentum <= 0:
        raise Error(f'expected a momentum above 0, got {momentum}', where='nag')
    steps = option(state, 'evalCounter', 0)
    check_parameters(x)

    velocity = kept(state, 'dfdx', x)
    add_scaled(x, momentum, velocity)
    loss, dfdx = evaluate(opfunc, x, option(config, 'weightDecay', 0))

    rate = learningRate / (1 + steps * learningRateDecay)
    if learningRates is not None:
        dfdx = product(state, 'deltaParameters', learningRates, dfdx)
    add_scaled(x, -rate, dfdx)
    np.multiply(velocity, momentum, out=velocity)
    add_scaled(velocity, -rate, dfdx)
    state['evalCounter'] = steps + 1
    return x, [loss]
