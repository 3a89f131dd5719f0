"""Adamax: Adam with the largest gradient instead of the mean square one (Torch: optim/adamax.lua)."""

import numpy as np

from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled, add_scaled_quotient, evaluate, kept


def adamax(opfunc, x, config=None, state=None):
    """Take one step of Adamax, in place.

    With g = df/dx + weightDecay x, at step t = 1, 2, ..., element by element,

        m = beta1 m + (1 - beta1) g
        u = max(beta2 u, |g| + epsilon)
        x = x - learningRate / (1 - beta1^t) m / u

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x, which is changed on the way.
        x: the parameters.
        config: a dict of learningRate (2e-3), beta1 (0.9), beta2 (0.999), epsilon (1e-38), weightDecay (0).
        state: a dict that carries over from step to step: t, m, u and scratch memory. It is `config` itself if it is
            not given.

    Returns:
        x, and a list of f(x) as it was before the step.

    Raises:
        Error: config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import adamax
    >>> x, config = np.array([4.0, -2.0]), dict(learningRate=1)
    >>> for step in range(3):
    ...     x, (loss,) = adamax(lambda x: (float(x @ x), 2 * x), x, config)
    ...     print(round(loss, 3), x.round(3))
    20.0 [ 3. -1.]
    10.0 [ 2.131 -0.262]
    4.609 [1.385 0.252]

    Source: D. Kingma, J. Ba, Adam, arXiv 1412.6980, section 7.1.
    """
    config, state = tables(config, state)
    beta1, beta2 = option(config, 'beta1', 0.9), option(config, 'beta2', 0.999)
    loss, dfdx = evaluate(opfunc, x, option(config, 'weightDecay', 0))

    # As in Torch, u has one row: it is the maximum over the two rows of candidates.
    mean, largest, candidates = (
        kept(state, 'm', x),
        kept(state, 'u', x[None]),
        kept(state, 'max', np.broadcast_to(x, (2, *x.shape))),
    )
    t = state['t'] = option(state, 't', 0) + 1
    np.multiply(mean, beta1, out=mean)
    add_scaled(mean, 1 - beta1, dfdx)
    np.multiply(largest[0], beta2, out=candidates[0])
    np.add(np.abs(dfdx, out=candidates[1]), option(config, 'epsilon', 1e-38), out=candidates[1])
    np.max(candidates, axis=0, keepdims=True, out=largest)
    add_scaled_quotient(x, -option(config, 'learningRate', 2e-3) / (1 - beta1**t), mean, largest[0])
    return x, [loss]
