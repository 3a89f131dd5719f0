"""Weights as a length g and a direction v for each output, w = g v / ||v||: the arithmetic, forth and back.

Source: Salimans and Kingma, "Weight normalization", 2016.
"""

import math

import numpy as np

from nnlite.tensor.devices import array_module, is_on_gpu, to_host

_libm_pow = np.frompyfunc(math.pow, 2, 1)


def parameters_of(module):
    """Return two lists: a module's v, g and, if it has one, bias, and their gradients."""
    params, grads = [module.v, module.g], [module.gradV, module.gradG]
    return (params, grads) if module.bias is None else ([*params, module.bias], [*grads, module.gradBias])


def first_lengths(v):
    """Return the norm of each row of v (rows, columns), as (rows, 1), to the last bit of Torch's.

    It squares and roots with C's pow and adds in order, in double. NumPy's functions differ from that by a last bit now
    and then, which is in a new layer's parameters, and nowhere else, worth the time.
    """
    squares = _power(to_host(v), 2).astype(np.float64)
    lengths = _power(np.add.accumulate(squares, axis=1)[:, -1:].astype(v.dtype), 0.5)
    return array_module(v).asarray(lengths)


def _power(array, exponent):
    if array.dtype == np.float64:
        return _libm_pow(array, exponent).astype(np.float64)
    return np.power(array, exponent, dtype=np.float64).astype(array.dtype)  # rounding to a float hides that bit


def squared_lengths(v, out):
    """Out (rows, 1) = the sum of the squares of each row of v (rows, columns)."""
    squares_of_rows(v, out[:, 0])
    return out


def squares_of_rows(rows, out):
    """Out (N) = the sum of the squares of each row (N, D)."""
    if is_on_gpu(rows):
        np.sum(np.square(rows), axis=1, out=out)
    else:
        np.einsum('ij,ij->i', rows, rows, out=out)


def project(module, gradV, gradG, v, norm, scale):
    """Make of the gradient with respect to w, which gradV holds, those with respect to v and g.

    With scale = g / norm: gradG = the sum over a row of gradW v / norm; gradV = scale (gradW - gradG v / norm), the
    part of it that is at right angles to v.

    Shapes: gradV and v (rows, columns), the others (rows, 1).
    """
    along = module.buffer('along v', v.shape, like=v)
    np.multiply(gradV, v, out=along)
    np.add.reduce(along, axis=1, keepdims=True, out=gradG)
    np.divide(gradG, norm, out=gradG)
    np.multiply(v, gradG / norm, out=along)
    np.subtract(gradV, along, out=gradV)
    np.multiply(gradV, scale, out=gradV)
