"""Adagrad: the more a parameter has moved, the smaller its steps (Torch: optim/adagrad.lua)."""

import numpy as np

from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled_product, add_scaled_quotient, evaluate, kept


def adagrad(opfunc, x, config=None, state=None):
    """Take one step of Adagrad, in place.

    With g = df/dx + weightDecay x, t steps taken before, element by element,

        v = v + g^2
        x = x - learningRate / (1 + t learningRateDecay) g / (sqrt(v) + 1e-10)

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x, which is changed on the way.
        x: the parameters.
        config: a dict of learningRate (1e-3), learningRateDecay (0), weightDecay (0).
        state: a dict that carries over from step to step: paramVariance (v), evalCounter (t) and scratch memory. It is
            `config` itself if it is not given.

    Returns:
        x, and a list of f(x) as it was before the step.

    Raises:
        Error: config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import adagrad
    >>> x, config = np.array([4.0, -2.0]), dict(learningRate=1)
    >>> for step in range(3):
    ...     x, (loss,) = adagrad(lambda x: (float(x @ x), 2 * x), x, config)
    ...     print(round(loss, 3), x.round(3))
    20.0 [ 3. -1.]
    10.0 [ 2.4   -0.553]
    6.066 [ 1.967 -0.313]

    Source: J. Duchi, E. Hazan, Y. Singer, Adaptive Subgradient Methods, JMLR 12 (2011).
    """
    config, state = tables(config, state)
    learningRate, learningRateDecay = option(config, 'learningRate', 1e-3), option(config, 'learningRateDecay', 0)
    steps = option(state, 'evalCounter', 0)
    loss, dfdx = evaluate(opfunc, x, option(config, 'weightDecay', 0))

    variance, std = kept(state, 'paramVariance', x), kept(state, 'paramStd', x)
    add_scaled_product(variance, 1, dfdx, dfdx)
    np.add(np.sqrt(variance, out=std), 1e-10, out=std)
    add_scaled_quotient(x, -learningRate / (1 + steps * learningRateDecay), dfdx, std)

    state['evalCounter'] = steps + 1
    return x, [loss]
