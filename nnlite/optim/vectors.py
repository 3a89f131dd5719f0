"""What optimizers do with the vectors they are given: in place, where NumPy would first make a product of full size."""

import numpy as np

from nnlite.errors import DeviceError, DtypeError, ShapeError
from nnlite.tensor.devices import array_module, is_array, is_on_gpu, to_host

_BLOCK = 4096  # elements; the product of a block stays in the cache, and is all the memory that is taken


def add_scaled(x, scale, y):
    """Add scale * y, like x in shape and type, to x in place (Torch: x:add(scale, y)).

    >>> x = np.ones(3)
    >>> add_scaled(x, -0.5, np.array([0.0, 1.0, 2.0]))
    >>> x
    array([1. , 0.5, 0. ])
    """
    for part, other in _blocks(x, y):
        part += scale * other


def add_scaled_product(x, scale, y, z):
    """Add scale * y * z to x in place (Torch: x:addcmul(scale, y, z))."""
    for part, other, factor in _blocks(x, y, z):
        part += scale * other * factor


def add_scaled_quotient(x, scale, y, z):
    """Add scale * y / z to x in place (Torch: x:addcdiv(scale, y, z))."""
    for part, other, divisor in _blocks(x, y, z):
        part += scale * other / divisor


def _blocks(x, *others):
    """Yield pieces of x, to be changed, and of arrays like it; on a GPU, where launches cost more, all at once."""
    if is_on_gpu(x):
        return [(x, *others)]
    return np.nditer(
        [x, *others],
        flags=['external_loop', 'buffered', 'zerosize_ok'],
        op_flags=[['readwrite'], *[['readonly']] * len(others)],
        buffersize=_BLOCK,
    )


def evaluate(opfunc, x, weightDecay=0):
    """Return f(x) and df/dx + weightDecay x, the latter in the caller's own df/dx.

    Raises:
        DtypeError: x is not an array of a floating type.
        ShapeError, DtypeError: df/dx is not like x.
    """
    check_parameters(x)
    loss, dfdx = opfunc(x)
    check_like(x, dfdx, 'df/dx')
    if weightDecay != 0:
        add_scaled(dfdx, weightDecay, x)
    return loss, dfdx


def kept(state, name, x, fill=0):
    """Return the vector like x that `state` keeps under `name`; a new one is filled with a number."""
    if state.get(name) is None:
        state[name] = np.full_like(x, fill)
    return settled(state, name, x)


def settled(state, name, x):
    """Return the vector like x that `state` has under `name`; one that a file brought goes where x lives.

    Raises:
        ShapeError, DtypeError: it is not like x.
    """
    if is_array(state[name]):
        state[name] = placed(state[name], x)
    check_like(x, state[name], f'state[{name!r}]')
    return state[name]


def placed(array, x):
    """Return an array where x lives: on a GPU or on the host; itself if it does."""
    return array_module(x).asarray(array) if is_on_gpu(x) else to_host(array)


def product(state, name, factors, x):
    """Return factors * x, of x's type, in the vector that `state` keeps under `name`."""
    if np.shape(factors) != x.shape:
        raise ShapeError(f'expected a number for each parameter, {x.shape}, got {np.shape(factors)}', where=name)
    result = kept(state, name, x)
    np.copyto(result, placed(factors, x), casting='same_kind')
    return np.multiply(result, x, out=result)


def check_parameters(x):
    """Refuse parameters that no optimizer can change in place.

    Raises:
        DtypeError: x is not an array of a floating type.
    """
    if not is_array(x) or x.dtype.kind != 'f':
        came = x.dtype if is_array(x) else type(x).__name__
        raise DtypeError(f'expected parameters in an array of a floating type, got {came}')


def check_like(x, vector, what):
    """Refuse a vector that does not go with the parameters x.

    Raises:
        ShapeError, DtypeError: its shape, its type is another than x's.
        DeviceError: one of them is on a GPU, and the other is not.
    """
    if not is_array(vector):
        raise DtypeError(f'expected an array, got {type(vector).__name__}', where=what)
    if is_on_gpu(vector) != is_on_gpu(x):
        here, there = ('the host', 'a GPU') if is_on_gpu(x) else ('a GPU', 'the host')
        hint = f'cupy.{"asarray" if is_on_gpu(x) else "asnumpy"} brings it to where the parameters are'
        raise DeviceError(f'expected an array on {there}, got one on {here}', where=what, hint=hint)
    if vector.shape != x.shape:
        raise ShapeError(f'expected the shape of the parameters, {x.shape}, got {vector.shape}', where=what)
    if vector.dtype != x.dtype:
        raise DtypeError(f'expected the type of the parameters, {x.dtype}, got {vector.dtype}', where=what)
