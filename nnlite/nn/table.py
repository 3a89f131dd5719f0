"""Tables, nested lists of arrays, element by element: what containers do with the gradients of a table."""

import numpy as np


def copy_into(module, name, source):
    """Return a copy of an array, or of a table of arrays, in the module's own memory for `name`."""
    if isinstance(source, list):
        return [copy_into(module, f'{name}.{number}', part) for number, part in enumerate(source)]
    copy = module.buffer(name, source.shape, like=source)
    np.copyto(copy, source)
    return copy


def add_into(total, term):
    """Add an array, or a table of arrays, to another of the same shape, in place."""
    if isinstance(total, list):
        for mine, other in zip(total, term, strict=True):
            add_into(mine, other)
    else:
        np.add(total, term, out=total)


def zeros_like(module, name, source):
    """Return zeros of the shape of an array, or of a table of arrays, in the module's own memory for `name`."""
    if isinstance(source, list):
        return [zeros_like(module, f'{name}.{number}', part) for number, part in enumerate(source)]
    zeros = module.buffer(name, source.shape, like=source)
    zeros.fill(0)
    return zeros
