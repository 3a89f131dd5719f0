"""Iterative shrinkage and thresholding with a line search (Torch: optim/fista.lua)."""

import math

import numpy as np

from nnlite.optim.options import option
from nnlite.optim.vectors import add_scaled, check_parameters


def FistaLS(f, g, pl, xinit, params=None):
    """Minimize f + g, f smooth and g not, by steps against f's gradient followed by pl, from 0.

    With ply(y) = pl(y - df/dx(y) / L, L), a step goes from y to x = ply(y), L made larger until

        f(x) <= f(y) + df/dx(y) . (x - y) + L / 2 |x - y|^2

    and the next y is x itself (ISTA), or beyond it, in the direction of the step (FISTA).

    Args:
        f: called with x returns f(x); called with (x, 'dx') it returns f(x) and df/dx.
        g: called with x, returns g(x).
        pl: called with x and L, puts into x itself what makes g(z) + L / 2 |z - x|^2 least. For g = lambda |x| that
            shrinks each element by lambda / L.
        xinit: an array, which gets the result.
        params: a dict of L (0.1), Lstep (1.5: by what L grows), maxiter (50), maxline (20: how often L may grow in a
            step), errthres (1e-4: stop where f + g changes by less), doFistaUpdate (False: ISTA), verbose (False: print
            each step, and keep each x and y). It gets the last L, and the scratch memory xkm, y and ply.

    Returns:
        the result y, and a list of dicts, one a step: nline, L, F (f + g), Fply (f), Gply (g) and Q.

    >>> import numpy as np
    >>> from nnlite.optim import FistaLS
    >>> wanted = np.array([3.0, -0.5, 1.5])  # |x - wanted|^2 / 2 + |x|: a lasso
    >>> smooth = lambda x, dx=None: (float((x - wanted) @ (x - wanted)) / 2, x - wanted)
    >>> shrink = lambda x, L: np.copyto(x, np.sign(x) * np.maximum(abs(x) - 1 / L, 0))
    >>> x, history = FistaLS(smooth, lambda x: float(abs(x).sum()), shrink, np.zeros(3), dict(errthres=1e-8))
    >>> x.round(3)
    array([ 2. , -0. ,  0.5])

    Source: A. Beck, M. Teboulle, A Fast Iterative Shrinkage-Thresholding Algorithm, SIAM J. Img. Sci. 2 (2009).
    """
    params = {} if params is None else params
    check_parameters(xinit)
    L, Lstep = option(params, 'L', 0.1), option(params, 'Lstep', 1.5)
    maxline, verbose = option(params, 'maxline', 20), option(params, 'verbose', False)
    for name in ('xkm', 'y', 'ply'):
        params[name] = np.zeros_like(xinit)
    x, before, y, ply = xinit, params['xkm'], params['y'], params['ply']
    history, t = [], 1

    for niter in range(option(params, 'maxiter', 50)):
        fy, gradient = f(y, 'dx')
        for nline in range(1, maxline + 2):
            np.copyto(ply, y)
            add_scaled(ply, -1 / L, gradient)
            pl(ply, L)
            np.copyto(x, ply)
            value = _number(f(ply))
            np.subtract(ply, y, out=ply)
            down, away = float(np.vdot(gradient, ply)), L / 2 * float(np.vdot(ply, ply))
            Q = fy + down + away
            if verbose:
                print(f'nline={nline - 1} L={L:g} fply={value:g} Q={Q:g} fy={fy:g} Q2={down:g} Q3={away:g}')
            if value <= Q:
                break
            if nline > maxline:
                np.copyto(x, before)  # no better point: stay
            else:
                L *= Lstep

        np.copyto(y, x)
        if option(params, 'doFistaUpdate', False):
            following = (1 + math.sqrt(1 + 4 * t * t)) / 2
            np.subtract(before, x, out=before)
            add_scaled(y, (1 - t) / following, before)
            np.copyto(before, x)
            t = following

        smooth, rough = _number(f(y)), _number(g(y))
        params['L'] = L
        history.append({'nline': nline, 'L': L, 'F': smooth + rough, 'Fply': smooth, 'Gply': rough, 'Q': Q})
        if verbose:
            previous = history[-2]['F'] if niter else math.inf
            print(f'iter={niter} eold={previous:g} enew={smooth + rough:g}')
            history[-1].update(xk=x.copy(), y=y.copy())
        if niter and abs(history[-1]['F'] - history[-2]['F']) <= option(params, 'errthres', 1e-4):
            break
    np.copyto(xinit, y)
    return y, history


def _number(result):
    """Return f(x), also of a function that returns df/dx beside it."""
    return float(result[0] if isinstance(result, tuple) else result)
