"""The limited-memory BFGS method (Torch: optim/lbfgs.lua)."""

import numpy as np

from nnlite.errors import Error
from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled, evaluate, kept
from nnlite.tensor.devices import array_module


def lbfgs(opfunc, x, config=None, state=None):
    """Take up to maxIter quasi-Newton steps, in place.

    The inverse of the Hessian, by which the gradient is multiplied, is put together from the last nCorrection steps and
    changes of the gradient. Without a line search the steps are of fixed size, which is cheap, and enough where f is
    noisy.

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x.
        x: the parameters.
        config: a dict of maxIter (20), maxEval (1.25 maxIter: after how many evaluations no step begins), tolFun (1e-5:
            stop where the sum of |df/dx| is less), tolX (1e-9: stop where f or x change by less), nCorrection (100),
            lineSearch (None; optim.lswolfe, or a function like it), lineSearchOptions (its options), learningRate (1:
            the size of a step, or the first one that the line search tries), verbose (False).
        state: a dict that carries over from call to call: funcEval and nIter (how many in all), old_dirs and old_stps
            (the steps, and the changes of the gradient), dir_bufs and stp_bufs (memory for more of them), d (the
            direction), t (the step), Hdiag, g_old, f_old and scratch memory. It is `config` itself if it is not given.

    Returns:
        x, the list of all f that steps led to, the first one before any step, and the number of evaluations.

    Raises:
        Error: lineSearch is no function; config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import lbfgs
    >>> x, (before, *_, after), evaluations = lbfgs(lambda x: (float(x @ x), 2 * x), np.array([4.0, -2.0]))
    >>> before, after < 1e-20
    (20.0, True)

    Source: J. Nocedal, Updating Quasi-Newton Matrices with Limited Storage, 1980; M. Schmidt, minFunc.
    """
    config, state = tables(config, state)
    maxIter = option(config, 'maxIter', 20)
    maxEval = option(config, 'maxEval', maxIter * 1.25)
    tolFun, tolX = option(config, 'tolFun', 1e-5), option(config, 'tolX', 1e-9)
    lineSearch, learningRate = option(config, 'lineSearch', None), option(config, 'learningRate', 1)
    if lineSearch is not None and not callable(lineSearch):
        raise Error(f'expected a function as lineSearch, got {lineSearch!r}', where='lbfgs', hint='optim.lswolfe')

    def because(reason):
        if option(config, 'verbose', False):
            print('<optim.lbfgs> ', reason)

    f, g = evaluate(opfunc, x)
    losses, evaluations = [f], 1
    state['funcEval'] = option(state, 'funcEval', 0) + 1
    state.setdefault('nIter', 0)
    if _sum_of_sizes(g, kept(state, 'tmp1', x)) <= tolFun:
        because('optimality condition below tolFun')
        return x, losses, evaluations
    history = _History(state, x, option(config, 'nCorrection', 100))
    d, t = state.get('d'), option(state, 't', 0)  # 0 after a call that found no way down

    for nIter in range(1, maxIter + 1):
        state['nIter'] += 1
        if state['nIter'] == 1:
            d = state['d'] = -g
            history.forget()
        else:
            history.remember(g, d, t)
            history.direction(g, out=d)
        np.copyto(kept(state, 'g_old', x), g)
        f_old = state['f_old'] = f

        slope = float(np.vdot(g, d))
        if slope > -tolX:
            break
        t = learningRate
        if state['nIter'] == 1:
            t *= min(1, 1 / _sum_of_sizes(g, state['tmp1']))

        spent = 0
        if lineSearch is not None:
            f, g, x, t, spent = lineSearch(opfunc, x, t, d, f, g, slope, option(config, 'lineSearchOptions', None))
            losses.append(f)
        else:
            add_scaled(x, t, d)
            if nIter != maxIter:  # where f is noisy, its value after the last step is of no use
                f, g = evaluate(opfunc, x)
                losses.append(f)
                spent = 1
        evaluations += spent
        state['funcEval'] += spent

        if nIter == maxIter:
            because('reached max number of iterations')
            break
        if evaluations >= maxEval:
            because('max nb of function evals')
            break
        if _sum_of_sizes(g, state['tmp1']) <= tolFun:
            because('optimality condition below tolFun')
            break
        if _sum_of_sizes(d, state['tmp1'], t) <= tolX:
            because('step size below tolX')
            break
        if abs(f - f_old) < tolX:
            because('function value changing less than tolX')
            break
    state['t'] = t
    return x, losses, evaluations


class _History:
    """The last steps and changes of the gradient, and what they say of the Hessian.

    Args:
        state: the optimizer's, where they are kept.
        x: an array like the parameters.
        most: how many of them are kept.
    """

    def __init__(self, state, x, most):
        self.state, self.most = state, most
        for name in ('dir_bufs', 'stp_bufs'):
            if state.get(name) is None:
                state[name] = list(array_module(x).zeros((most + 1, *x.shape), x.dtype))

    def forget(self):
        """Begin anew: as far as is known the Hessian is 1."""
        self.state.update(old_dirs=[], old_stps=[], Hdiag=1)

    def remember(self, g, d, t):
        """Add the step t d, and the change of the gradient that it made, unless f is not convex there."""
        steps, changes = self.state['old_dirs'], self.state['old_stps']
        change, step = self.state['dir_bufs'].pop(), self.state['stp_bufs'].pop()
        np.subtract(g, self.state['g_old'], out=change)
        np.multiply(d, t, out=step)
        curvature = float(np.vdot(change, step))
        if curvature <= 1e-10:
            self.state['dir_bufs'].append(change)
            self.state['stp_bufs'].append(step)
            return
        if len(steps) == self.most:
            self.state['dir_bufs'].append(steps.pop(0))
            self.state['stp_bufs'].append(changes.pop(0))
        steps.append(step)
        changes.append(change)
        self.state['Hdiag'] = curvature / float(np.vdot(change, change))

    def direction(self, g, out):
        """Put minus the inverse of the Hessian times the gradient into `out`, by Nocedal's two loops."""
        steps, changes = self.state['old_dirs'], self.state['old_stps']
        for name in ('ro', 'al'):
            if self.state.get(name) is None:
                self.state[name] = np.zeros(self.most)
        ro, al, q = self.state['ro'], self.state['al'], self.state['tmp1']
        for i, (step, change) in enumerate(zip(steps, changes, strict=True)):
            ro[i] = 1 / float(np.vdot(change, step))
        np.negative(g, out=q)
        for i in reversed(range(len(steps))):
            al[i] = float(np.vdot(steps[i], q)) * ro[i]
            add_scaled(q, -float(al[i]), changes[i])
        np.multiply(q, self.state['Hdiag'], out=out)
        for i in range(len(steps)):
            be = float(np.vdot(changes[i], out)) * ro[i]
            add_scaled(out, float(al[i] - be), steps[i])


def _sum_of_sizes(vector, scratch, scale=1):
    """Return the sum of |scale * vector|."""
    np.multiply(vector, scale, out=scratch)
    return float(np.abs(scratch, out=scratch).sum())
