"""Stochastic gradient descent (Torch: optim/sgd.lua)."""

import numpy as np

from nnlite.errors import Error
from nnlite.kernels import family_of
from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled, evaluate, product, settled
from nnlite.tensor.types import type_of


def sgd(opfunc, x, config=None, state=None):
    """Take one step down the gradient, in place.

    With g = df/dx + weightDecay x, and t steps taken before,

        v = momentum v + (1 - dampening) g                      (v = g at the first step)
        x = x - learningRate / (1 + t learningRateDecay) v      (with nesterov: g + momentum v instead of v)

    As in Torch the momentum dampens the gradient by itself unless `dampening` says otherwise, and df/dx, which belongs
    to the caller, is changed on the way.

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x.
        x: the parameters, best the flat vector of `getParameters()`.
        config: a dict of learningRate (1e-3), learningRateDecay (0), weightDecay (0), weightDecays (one for each
            parameter, where weightDecay is 0), momentum (0), dampening (as momentum), nesterov (False), learningRates
            (for each parameter, times learningRate).
        state: a dict that carries over from step to step: evalCounter (t), dfdx (v) and scratch memory. It is `config`
            itself if it is not given.

    Returns:
        x, and a list of f(x) as it was before the step.

    Raises:
        Error: nesterov without momentum, or with dampening; config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in config or state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import sgd
    >>> x, config = np.array([4.0, -2.0]), dict(learningRate=0.25)
    >>> for step in range(3):
    ...     x, (loss,) = sgd(lambda x: (float(x @ x), 2 * x), x, config)
    ...     print(loss, x)
    20.0 [ 2. -1.]
    5.0 [ 1.  -0.5]
    1.25 [ 0.5  -0.25]

    Source: torch/optim, sgd.lua.
    """
    config, state = tables(config, state)
    learningRate, learningRateDecay = option(config, 'learningRate', 1e-3), option(config, 'learningRateDecay', 0)
    learningRates = option(config, 'learningRates', None)
    weightDecay, weightDecays = option(config, 'weightDecay', 0), option(config, 'weightDecays', None)
    momentum = option(config, 'momentum', 0)
    dampening = option(config, 'dampening', momentum)
    nesterov = option(config, 'nesterov', False)
    if nesterov and (momentum <= 0 or dampening != 0):
        raise Error(
            f'expected a momentum above 0 and a dampening of 0 with nesterov, got {momentum} and {dampening}',
            where='sgd',
            hint='dampening is what momentum is, unless it is given: dampening=0',
        )
    steps = option(state, 'evalCounter', 0)
    rate = learningRate / (1 + steps * learningRateDecay)

    loss, dfdx = evaluate(opfunc, x)
    if momentum != 0 and state.get('dfdx') is not None and weightDecays is None and learningRates is None:
        velocity = settled(state, 'dfdx', x)
        family_of(type_of(x)).SGD_step(x, dfdx, velocity, rate, momentum, dampening, nesterov, weightDecay)
        state['evalCounter'] = steps + 1
        return x, [loss]

    # The first step, and numbers for each parameter: the same in one pass after the other.
    if weightDecay != 0:
        add_scaled(dfdx, weightDecay, x)
    elif weightDecays is not None:
        add_scaled(dfdx, 1, product(state, 'decayParameters', weightDecays, x))

    if momentum != 0:
        velocity = state.get('dfdx')
        if velocity is None:
            velocity = state['dfdx'] = dfdx.copy()
        else:
            velocity = settled(state, 'dfdx', x)
            np.multiply(velocity, momentum, out=velocity)
            add_scaled(velocity, 1 - dampening, dfdx)
        if nesterov:
            add_scaled(dfdx, momentum, velocity)
        else:
            dfdx = velocity

    add_scaled(x, -rate, dfdx if learningRates is None else product(state, 'deltaParameters', learningRates, dfdx))
    state['evalCounter'] = steps + 1
    return x, [loss]
