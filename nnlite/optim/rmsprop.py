"""RMSprop: steps in units of the gradient's recent size (Torch: optim/rmsprop.lua)."""

import numpy as np

from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled_product, add_scaled_quotient, evaluate, kept


def rmsprop(opfunc, x, config=None, state=None):
    """Take one step of RMSprop, in place.

    With g = df/dx + weightDecay x, element by element,

        m = alpha m + (1 - alpha) g^2                (m = initialMean before the first step)
        x = x - learningRate g / (sqrt(m) + epsilon)

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x, which is changed on the way.
        x: the parameters.
        config: a dict of learningRate (1e-2), alpha (0.99), epsilon (1e-8), weightDecay (0), initialMean (0).
        state: a dict that carries over from step to step: m and scratch memory. It is `config` itself if it is not
            given.

    Returns:
        x, and a list of f(x) as it was before the step.

    Raises:
        Error: config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import rmsprop
    >>> x, config = np.array([4.0, -2.0]), dict(learningRate=1, alpha=0.5)
    >>> for step in range(3):
    ...     x, (loss,) = rmsprop(lambda x: (float(x @ x), 2 * x), x, config)
    ...     print(round(loss, 3), x.round(3))
    20.0 [ 2.586 -0.586]
    7.029 [ 1.632 -0.045]
    2.664 [0.902 0.014]

    Source: G. Hinton, lecture 6e of Neural Networks for Machine Learning.
    """
    config, state = tables(config, state)
    alpha = option(config, 'alpha', 0.99)
    loss, dfdx = evaluate(opfunc, x, option(config, 'weightDecay', 0))

    square, size = kept(state, 'm', x, fill=option(config, 'initialMean', 0)), kept(state, 'tmp', x)
    np.multiply(square, alpha, out=square)
    add_scaled_product(square, 1 - alpha, dfdx, dfdx)
    np.add(np.sqrt(square, out=size), option(config, 'epsilon', 1e-8), out=size)
    add_scaled_quotient(x, -option(config, 'learningRate', 1e-2), dfdx, size)
    return x, [loss]
