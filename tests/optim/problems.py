"""Functions to minimize, with their gradients."""

import numpy as np


def quadratic(A, b):
    """The function 1/2 x . Ax - b . x, its sum taken in float64, as in Lua, where a number is a double."""

    def opfunc(x):
        Ax = A @ x
        return 0.5 * float(x @ Ax) - float(b @ x), Ax - b

    return opfunc


def rosenbrock(x):
    """Rosenbrock's valley: the sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2."""
    before, after = x[:-1], x[1:]
    away = after - before**2
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * before * away - 2 * (1 - before)
    gradient[1:] += 200 * away
    return float((100 * away**2 + (1 - before) ** 2).sum()), gradient
