"""The minimum of a polynomial through points with slopes (Torch: optim/polyinterp.lua)."""

import math

import numpy as np

_TINY = 1e-12  # what is smaller counts as 0 among coefficients


def polyinterp(points, xminBound=None, xmaxBound=None):
    """Return where the polynomial through some points, with their slopes, is least between two bounds.

    Args:
        points: (n, 3), of each point x, f(x) and f'(x).
        xminBound, xmaxBound: the bounds, the least and the largest x by default.

    Returns:
        x, a float.

    >>> import numpy as np
    >>> from nnlite.optim import polyinterp
    >>> polyinterp(np.array([[-1.0, 1.0, -2.0], [2.0, 4.0, 4.0]]))
    0.0

    Source: torch/optim, polyinterp.lua; M. Schmidt, minFunc.
    """
    if len(points) == 2 and xminBound is None and xmaxBound is None:
        return _cubic(points)
    xs = points[:, 0]
    low = float(xs.min()) if xminBound is None else xminBound
    high = float(xs.max()) if xmaxBound is None else xmaxBound
    polynomial = _through(points)
    slope = polynomial[:-1] * np.arange(len(polynomial) - 1, 0, -1, polynomial.dtype)
    best, lowest = (low + high) / 2, math.inf
    # Candidates are of the points' type: a bound that is rounded to beyond itself is none.
    for x in [*np.array([low, high], points.dtype).tolist(), *xs.tolist(), *_real_roots(slope)]:
        if low <= x <= high:
            value = _value(polynomial, x)
            if value < lowest:
                best, lowest = x, value
    return float(best)


def _cubic(points):
    """Return the minimum of the cubic through two points, between them."""
    (x1, f1, g1), (x2, f2, g2) = (map(np.float64, point) for point in points[np.argsort(points[:, 0], kind='stable')])
    with np.errstate(all='ignore'):
        d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
        d2 = np.sqrt(d1**2 - g1 * g2)
        if np.isnan(d2):
            return float((x1 + x2) / 2)
        t = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    # Where numbers were too large to tell, Lua's max(NaN, x1) is x1.
    return float(x1 if np.isnan(t) else min(max(t, x1), x2))


def _value(polynomial, x):
    """Return the polynomial, the highest power's coefficient first, at x."""
    value = np.float64(0)
    with np.errstate(all='ignore'):  # what is too large is infinite, and not the least
        for power, coefficient in zip(reversed(range(len(polynomial))), polynomial, strict=True):
            value += np.float64(coefficient) * np.float64(x) ** power
    return value


def _through(points):
    """Return the coefficients, the highest power's first, of the polynomial through points with slopes."""
    count = 2 * len(points)
    powers = np.arange(count - 1, -1, -1)
    xs = points[:, :1]
    values = xs**powers
    slopes = powers * xs ** np.maximum(powers - 1, 0)
    q, r = np.linalg.qr(np.concatenate([values, slopes]).astype(points.dtype))
    coefficients = np.linalg.solve(r, q.T @ np.concatenate([points[:, 1], points[:, 2]]))
    coefficients[np.abs(coefficients) <= _TINY] = 0
    return coefficients


def _real_roots(polynomial):
    """Return where a polynomial is 0, as floats."""
    if not np.isfinite(polynomial).all():
        return []
    roots = np.roots(np.where(np.abs(polynomial) < _TINY, 0, polynomial))
    return roots[roots.imag == 0].real.tolist()
