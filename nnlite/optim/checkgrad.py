"""A gradient against finite differences (Torch: optim/checkgrad.lua)."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.optim.vectors import check_parameters
from nnlite.tensor.devices import is_on_gpu, to_host


def checkgrad(opfunc, x, eps=None):
    """Compare df/dx with central differences of f.

        estimate[i] = (f(x + eps e_i) - f(x - eps e_i)) / (2 eps)

    Args:
        opfunc: called with x, returns f(x), a number or an array of one, and df/dx.
        x: where; of float64, or the differences drown in roundings. It is left as it was.
        eps: the step, 1e-7 by default.

    Returns:
        |df/dx - estimate| / |df/dx + estimate|, with Euclid's norm; a copy of df/dx; the estimate.

    Raises:
        DtypeError: x is not an array of a floating type.
        ShapeError: df/dx has not as many elements as x.

    >>> import numpy as np
    >>> from nnlite.optim import checkgrad
    >>> difference, gradient, estimate = checkgrad(lambda x: (float((x**3).sum()), 3 * x**2), np.array([1.0, 2.0]))
    >>> difference < 1e-8, gradient
    (True, array([ 3., 12.]))

    Source: torch/optim, checkgrad.lua.
    """
    check_parameters(x)
    eps = 1e-7 if eps is None else eps
    gradient = opfunc(x)[1]
    gradient = gradient.copy() if is_on_gpu(gradient) else np.array(gradient)
    if gradient.size != x.size:
        raise ShapeError(f'expected df/dx of {x.size} elements, got {gradient.shape}', where='checkgrad')
    gradient = gradient.reshape(x.shape)
    estimate = np.empty_like(gradient)
    for place in np.ndindex(x.shape):
        kept = x[place].copy()
        x[place] = kept + eps
        above = np.asarray(to_host(opfunc(x)[0])).item()
        x[place] -= 2 * eps
        below = np.asarray(to_host(opfunc(x)[0])).item()
        x[place] = kept
        estimate[place] = (above - below) / (2 * eps)
    with np.errstate(invalid='ignore'):  # where both are 0 there is nothing to say: NaN
        difference = np.linalg.norm(gradient - estimate) / np.linalg.norm(gradient + estimate)
    return float(difference), gradient, estimate
