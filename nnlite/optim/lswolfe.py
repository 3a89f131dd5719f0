"""A line search for Wolfe's conditions (Torch: optim/lswolfe.lua)."""

import math

import numpy as np

from nnlite.optim.options import option
from nnlite.optim.polyinterp import polyinterp
from nnlite.optim.vectors import add_scaled, evaluate


def lswolfe(opfunc, x, t, d, f, g, gtd, options=None):
    """Look along a direction d for a step t after which

        f(x + t d) <= f + c1 t gtd          (enough is gained)
        |df/dx(x + t d) . d| <= -c2 gtd     (the slope is less steep)

    First the step grows until it is beyond such a point; then the bracket around it shrinks.

    Args:
        opfunc: called with x, returns f(x), a number, and df/dx, an array like x.
        x: where to begin; it is moved.
        t: the first step.
        d: the direction, downhill.
        f, g: f(x) and df/dx at the beginning.
        gtd: the slope along d there, g . d.
        options: a dict of c1 (1e-4), c2 (0.9), tolX (1e-9: the smallest bracket, times the slope), maxIter (20),
            verbose (False).

    Returns:
        f and df/dx after the step, x, t, and the number of evaluations.

    >>> import numpy as np
    >>> from nnlite.optim import lswolfe
    >>> bowl, x, d = lambda x: (float(x @ x), 2 * x), np.array([4.0, -2.0]), np.array([-8.0, 4.0])
    >>> f, g = bowl(x)
    >>> f, g, x, t, evaluations = lswolfe(bowl, x, 1, d, f, g, float(g @ d))
    >>> f, t
    (0.0, 0.5)

    Source: M. Schmidt, minFunc.
    """
    options = {} if options is None else options
    c1, c2 = option(options, 'c1', 1e-4), option(options, 'c2', 0.9)
    tolX, maxIter = option(options, 'tolX', 1e-9), option(options, 'maxIter', 20)
    start, evaluations = x.copy(), 0

    def at(step):
        """Return (step, f, df/dx, slope) after a step; a point of the search."""
        nonlocal evaluations
        evaluations += 1
        np.copyto(x, start)
        add_scaled(x, step, d)
        loss, dfdx = evaluate(opfunc, x)
        return step, loss, dfdx.copy(), float(np.vdot(dfdx, d))

    before, new = (0, f, g.copy(), gtd), at(t)
    bracket, done, count = None, False, 0
    while count < maxIter:
        t, loss, _, slope = new
        if loss > f + c1 * t * gtd or (count > 1 and loss >= before[1]):
            bracket = [before, new]
        elif abs(slope) <= -c2 * gtd:
            bracket, done = [new], True
        elif slope >= 0:
            bracket = [before, new]
        if bracket:
            break
        guess = polyinterp(_points(x, before, new), t + 0.01 * (t - before[0]), t * 10)
        before, new = new, at(guess)
        count += 1
    if bracket is None:
        bracket = [(0, f, g.copy(), gtd), new]
    # Torch keeps the bracket in tensors of the type of x: of float32, its numbers are rounded.
    bracket = [_rounded(x, point) for point in bracket]

    stuck = False
    while not done and count < maxIter:
        low = _lowest(bracket)
        high = 1 - low
        t, stuck = _within(polyinterp(_points(x, *bracket)), bracket[0][0], bracket[1][0], stuck)
        new = _, loss, _, slope = at(t)
        count += 1
        if loss > f + c1 * t * gtd or loss >= bracket[low][1]:
            bracket[high] = _rounded(x, new)
        else:
            if abs(slope) <= -c2 * gtd:
                done = True
            elif slope * (bracket[high][0] - bracket[low][0]) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = _rounded(x, new)
        if not done and abs((bracket[0][0] - bracket[1][0]) * slope) < tolX:
            break

    if count == maxIter and option(options, 'verbose', False):
        print('<optim.lswolfe>  reached max number of iterations')
    t, loss, dfdx, _ = bracket[_lowest(bracket)]
    np.copyto(x, start)
    add_scaled(x, t, d)
    return loss, dfdx, x, t, evaluations


def _rounded(x, point):
    """Return a point of the search with its step and its f in the type of x; its slope comes from df/dx again."""
    step, loss, dfdx, slope = point
    return float(x.dtype.type(step)), float(x.dtype.type(loss)), dfdx, slope


def _points(x, *points):
    """Return points of the search as polyinterp wants them."""
    return np.array([(step, loss, slope) for step, loss, _, slope in points], x.dtype)


def _lowest(bracket):
    return int(np.argmin([loss for _, loss, _, _ in bracket]))  # NaN is the lowest, as in Torch


def _within(t, one, other, stuck):
    """Return a step that is not too near to the ends of the bracket, and whether it was so, for the first time."""
    least, most = min(one, other), max(one, other)
    width = most - least
    nearest = min(most - t, t - least)
    if (nearest / width if width else math.nan) < 0.1:
        if not stuck and least < t < most:
            return t, True
        t = most - 0.1 * width if abs(t - most) < abs(t - least) else least + 0.1 * width
    return t, False
