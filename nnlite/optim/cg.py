"""Conjugate gradients with a line search (Torch: optim/cg.lua)."""

import math

import numpy as np

from nnlite.optim.options import option, tables
from nnlite.optim.vectors import add_scaled, check_parameters, evaluate, kept


def cg(opfunc, x, config=None, state=None):
    """Minimize f along conjugate directions, in place, until the budget is used up or a line search fails.

    Directions are Polak and Ribiere's. Each line search guesses the minimum from cubic and quadratic polynomials
    through what it has seen, and ends where Wolfe's and Powell's conditions hold.

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x.
        x: the parameters.
        config: a dict of maxEval (1.25 maxIter: after how many evaluations no new line search begins), maxIter (20: the
            most evaluations of one line search), rho (0.01) and sig (0.5) of Wolfe's conditions, int (0.1: a guess
            between known points keeps this part of their distance away from them), ext (3: how far beyond known points
            a guess may be), ratio (100: by how much the first step may grow from one line search to the next).
        state: a dict that gets the scratch memory df0, df1, df2, df3, x0 and s; `config` itself if it is not given.

    Returns:
        x, the list of f at the beginning and after each line search that succeeded, and the number of evaluations.

    Raises:
        Error: config or state is not a dict.
        ShapeError, DtypeError: df/dx, or a vector in state, is not like x.

    >>> import numpy as np
    >>> from nnlite.optim import cg
    >>> valley = lambda x: (float(x[0] ** 2 + 50 * x[1] ** 2), np.array([2, 100]) * x)
    >>> x, losses, evaluations = cg(valley, np.array([4.0, -2.0]), dict(maxEval=60))
    >>> losses[0], bool(losses[-1] < 1e-12)
    (216.0, True)

    Source: C. Rasmussen, minimize.m.
    """
    config, state = tables(config, state)
    check_parameters(x)
    ratio, maxIter = option(config, 'ratio', 100), option(config, 'maxIter', 20)
    maxEval = option(config, 'maxEval', maxIter * 1.25)
    # df3 is for those who read the state: Torch makes it and leaves it alone.
    x0, df0, df1, df2, s, _ = (kept(state, name, x) for name in ('x0', 'df0', 'df1', 'df2', 's', 'df3'))
    search = _LineSearch(opfunc, x, s, df2, config)

    f1 = search.evaluate()
    np.copyto(df1, df2)
    losses = [float(f1)]
    np.negative(df1, out=s)
    d1 = -_dot(s, s)
    step = 1 / (1 - d1)
    with np.errstate(all='ignore'):  # what is divided by 0 is infinite, as in Lua, and the search deals with it
        while search.evaluations < abs(maxEval):
            np.copyto(x0, x)
            np.copyto(df0, df1)
            point = search.along(step, f1, d1, min(maxIter, maxEval - search.evaluations - 1))
            if point is None:
                np.copyto(x, x0)
                np.copyto(df1, df0)
                break
            f1, step = point
            losses.append(float(f1))
            turn = (_dot(df2, df2) - _dot(df2, df1)) / _dot(df1, df1)
            np.multiply(s, float(turn), out=s)  # a float, which takes the type of s as in Torch
            add_scaled(s, -1, df2)
            df1[...], df2[...] = df2, df1.copy()
            slope = _dot(df1, s)
            if slope > 0:
                np.negative(df1, out=s)
                slope = -_dot(s, s)
            step = step * min(ratio, d1 / (slope - 1e-320))
            d1 = slope
    return x, losses, search.evaluations


class _LineSearch:
    """Looks for a low point along a direction.

    Args:
        opfunc: see cg.
        x: where to begin; it is moved along.
        s: the direction.
        dfdx: memory for the gradient at x.
        config: see cg.
    """

    def __init__(self, opfunc, x, s, dfdx, config):
        self.opfunc, self.x, self.s, self.dfdx = opfunc, x, s, dfdx
        self.rho, self.sig = option(config, 'rho', 0.01), option(config, 'sig', 0.5)
        self.inside, self.beyond = option(config, 'int', 0.1), option(config, 'ext', 3.0)
        self.evaluations = 0

    def evaluate(self):
        """Return f(x), and put df/dx into its memory."""
        loss, dfdx = evaluate(self.opfunc, self.x)
        np.copyto(self.dfdx, dfdx)
        self.evaluations += 1
        return np.float64(loss)

    def _move(self, step):
        """Move x by so many directions, and return f and its slope there."""
        add_scaled(self.x, float(step), self.s)
        return self.evaluate(), _dot(self.dfdx, self.s)

    def along(self, z1, f1, d1, most):
        """Return (f, step) at a point where the conditions hold, or None if `most` evaluations did not find one.

        Args:
            z1: the first step.
            f1, d1: f and its slope at the beginning.
            most: how many evaluations there may be after that of the first step.
        """
        f2, d2 = self._move(z1)
        f3, d3, z3 = f1, d1, -z1  # the point before the last, seen from the last
        limit = -1
        while True:
            while (f2 > f1 + z1 * self.rho * d1 or d2 > -self.sig * d1) and most > 0:
                limit = z1
                z2 = self._between(f1, f2, f3, d2, d3, z3)
                z1, z3 = z1 + z2, z3 - z2
                f2, d2 = self._move(z2)
                most -= 1
            if f2 > f1 + z1 * self.rho * d1 or d2 > -self.sig * d1:
                return None
            if d2 > self.sig * d1:
                return f2, z1
            if most == 0 or (most < 0 and not math.isfinite(f2 + d2)):  # from a fraction Torch never comes to 0
                return None
            z2 = self._outside(f2, f3, d2, d3, z1, z3, limit)
            f3, d3, z3 = f2, d2, -z2
            z1 = z1 + z2
            f2, d2 = self._move(z2)
            most -= 1

    def _between(self, f1, f2, f3, d2, d3, z3):
        """Return how far from the last point the minimum between it and the one before seems to lie."""
        if f2 > f1:
            guess = z3 - (0.5 * d3 * z3 * z3) / (d3 * z3 + f2 - f3)
        else:
            a, b = _cubic(f2, f3, d2, d3, z3)
            guess = (np.sqrt(b * b - a * d2 * z3 * z3) - b) / a
        if not math.isfinite(guess):
            guess = z3 / 2
        return max(min(guess, self.inside * z3), (1 - self.inside) * z3)

    def _outside(self, f2, f3, d2, d3, z1, z3, limit):
        """Return how far beyond the last point the minimum seems to lie; a limit of -1 is none."""
        a, b = _cubic(f2, f3, d2, d3, z3)
        guess = -d2 * z3 * z3 / (b + np.sqrt(b * b - a * d2 * z3 * z3))
        limited = limit > -0.5
        if not math.isfinite(guess) or guess < 0:
            return (limit - z1) / 2 if limited else z1 * (self.beyond - 1)
        if limited and guess + z1 > limit:
            return (limit - z1) / 2
        if not limited and guess + z1 > z1 * self.beyond:
            return z1 * (self.beyond - 1)
        if guess < -z3 * self.inside:
            return -z3 * self.inside
        if limited and guess < (limit - z1) * (1 - self.inside):
            return (limit - z1) * (1 - self.inside)
        return guess


def _dot(a, b):
    """Return the sum of a * b, of arrays of any shape."""
    return np.float64(float(np.vdot(a, b)))


def _cubic(f2, f3, d2, d3, z3):
    """Return the coefficients a, b of the slope d2 + 2 b z / z3^2 + a z^2 / z3^2 of a cubic through two points."""
    return 6 * (f2 - f3) / z3 + 3 * (d2 + d3), 3 * (f3 - f2) - z3 * (d3 + 2 * d2)
